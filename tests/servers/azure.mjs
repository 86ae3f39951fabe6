// The vendor's client: make CONTAINER | put CONTAINER NAME <bytes | get CONTAINER NAME >bytes | list CONTAINER
// | tier CONTAINER NAME | archive CONTAINER NAME
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.MODULES + "/");
const { BlobServiceClient, StorageSharedKeyCredential } = require("@azure/storage-blob");

const { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: key, ENDPOINT: endpoint } = process.env;
const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key));
const [verb, container, name] = process.argv.slice(2);
const at = service.getContainerClient(container);

if (verb === "make") {
    await at.create();
} else if (verb === "put") {
    const bytes = readFileSync(0);
    await at.getBlockBlobClient(name).upload(bytes, bytes.length);
} else if (verb === "get") {
    process.stdout.write(await at.getBlockBlobClient(name).downloadToBuffer());
} else if (verb === "tier") {
    console.log((await at.getBlockBlobClient(name).getProperties()).accessTier);
} else if (verb === "archive") {
    await at.getBlockBlobClient(name).setAccessTier("Archive");
} else if (verb === "list") {
    for await (const blob of at.listBlobsFlat()) console.log(blob.name, blob.properties.contentLength);
} else {
    throw new Error(`no such verb: ${verb}`);
}
