// The vendor's client: make BUCKET | version BUCKET | put BUCKET NAME <bytes | get BUCKET NAME >bytes | list BUCKET
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.MODULES + "/");
const s3 = require("@aws-sdk/client-s3");

const client = new s3.S3Client({ endpoint: process.env.ENDPOINT, forcePathStyle: true });
const [verb, Bucket, Key] = process.argv.slice(2);

if (verb === "make") {
    await client.send(new s3.CreateBucketCommand({ Bucket }));
} else if (verb === "version") {
    await client.send(new s3.PutBucketVersioningCommand({
        Bucket, VersioningConfiguration: { Status: "Enabled" } }));
} else if (verb === "put") {
    await client.send(new s3.PutObjectCommand({ Bucket, Key, Body: readFileSync(0) }));
} else if (verb === "get") {
    const answer = await client.send(new s3.GetObjectCommand({ Bucket, Key }));
    process.stdout.write(await answer.Body.transformToByteArray());
} else if (verb === "list") {
    let ContinuationToken;
    do {
        const page = await client.send(new s3.ListObjectsV2Command({ Bucket, ContinuationToken }));
        for (const o of page.Contents ?? []) console.log(o.Key, o.Size);
        ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
} else {
    throw new Error(`no such verb: ${verb}`);
}
