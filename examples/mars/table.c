#include "table.h"

#include "cli.h"

#define GLOBALS                                                                          \
    (OPT_BIT(OPT_CONFIG) | OPT_BIT(OPT_JSON) | OPT_BIT(OPT_QUIET) | OPT_BIT(OPT_VERBOSE) | \
     OPT_BIT(OPT_HELP) | OPT_BIT(OPT_VERSION))

const uint64_t global_options = GLOBALS;

const struct exit_code exit_codes[] = {
    { CODE_DONE, "done" },
    { CODE_FAILED, "failed, or damage found" },
    { CODE_USAGE, "wrong usage" },
    { CODE_WARNINGS, "done with warnings: files skipped, differences to the disk" },
    { CODE_INTERRUPTED, "interrupted" },
};

const size_t n_exit_codes = sizeof exit_codes / sizeof exit_codes[0];

const struct option options[OPT_COUNT] = {
    [OPT_CONFIG] = { "config", "DIR", "where this machine's state lies", KIND_TEXT, 0 },
    [OPT_JSON] = { "json", NULL, "one JSON object a line on standard output", KIND_FLAG, 0 },
    [OPT_QUIET] = { "quiet", NULL, "no summary and no progress", KIND_FLAG, 'q' },
    [OPT_VERBOSE] = { "verbose", NULL,
                      "a line for each file; twice: a log too; three times: each request in it",
                      KIND_FLAG, 'v' },
    [OPT_HELP] = { "help", NULL, "show this help", KIND_FLAG, 'h' },
    [OPT_VERSION] = { "version", NULL, "show the version", KIND_FLAG, 0 },
    [OPT_ACCESS_DAYS] = { "access-days", "N", "how long they open the store (365)", KIND_NUMBER,
                          0 },
    [OPT_ADDRESSING] = { "addressing", "path|host", "where S3's bucket stands in URLs", KIND_CHOICE,
                         0 },
    [OPT_AGAINST_DISK] = { "against-disk", NULL,
                           "compare a point with the files as they are now", KIND_FLAG, 0 },
    [OPT_ALL_MACHINES] = { "all-machines", NULL,
                           "those of all machines that share the domain", KIND_FLAG, 0 },
    [OPT_ALLOW_HTTP] = { "allow-http", NULL, "without TLS, also to other machines", KIND_FLAG, 0 },
    [OPT_CA] = { "ca", "FILE", "certificates to trust, PEM (the system's)", KIND_TEXT, 0 },
    [OPT_CACHE] = { "cache", "DIR", "where to keep the cache (\"cache\" in the state)",
                    KIND_TEXT, 0 },
    [OPT_COMPRESSION] = { "compression", "lz4|lz4hc|zstd[:N]|none",
                          "how to compress (lz4, over the network zstd); N is from 1 to 19 (3)",
                          KIND_TEXT, 0 },
    [OPT_CONFLICT] = { "conflict", "copy|overwrite|skip",
                       "what to do with a different file in the way (copy)", KIND_CHOICE, 0 },
    [OPT_CREDENTIALS] = { "credentials", "FILE", "the vault credentials file", KIND_TEXT, 0 },
    [OPT_DOMAIN] = { "domain", "NAME", "the domain to share (one of its own)", KIND_TEXT, 0 },
    [OPT_DRY_RUN] = { "dry-run", NULL, "write nothing", KIND_FLAG, 0 },
    [OPT_ENDPOINT] = { "endpoint", "URL", "where the store answers (the public cloud)", KIND_TEXT,
                       0 },
    [OPT_EXCLUDE] = { "exclude", "PATTERN", "leave out, like a line of .gitignore; repeatable",
                      KIND_LIST, 0 },
    [OPT_EXCLUDE_CACHES] = { "exclude-caches", NULL,
                             "leave out what lies beside a CACHEDIR.TAG", KIND_FLAG, 0 },
    [OPT_EXCLUDE_FILE] = { "exclude-file", "FILE", "read such patterns from FILE, one a line",
                           KIND_TEXT, 0 },
    [OPT_ITEM] = { "item", "NAME", "the item meant (backup: \"files\")", KIND_TEXT, 0 },
    [OPT_LABEL] = { "label", "L", "a note shown by key list", KIND_TEXT, 0 },
    [OPT_LIMIT] = { "limit", "KBPS", "send and receive no more kilobits a second", KIND_NUMBER, 0 },
    [OPT_MACHINE] = { "machine", "NAME", "its name or id (the vault's only one)", KIND_TEXT, 0 },
    [OPT_NAME] = { "name", "NAME", "this machine's name in the vault (the host name)", KIND_TEXT,
                   0 },
    [OPT_NEW_PASSPHRASE_FILE] = { "new-passphrase-file", "FILE",
                                  "read the new passphrase from FILE, - is standard input",
                                  KIND_TEXT, 0 },
    [OPT_NO_ACL] = { "no-acl", NULL, "leave POSIX ACLs out", KIND_FLAG, 0 },
    [OPT_NO_OWNER] = { "no-owner", NULL, "leave owner and group as they come", KIND_FLAG, 0 },
    [OPT_ONE_FILE_SYSTEM] = { "one-file-system", NULL, "do not enter other file systems",
                              KIND_FLAG, 0 },
    [OPT_OUT] = { "out", "FILE", "the file to write", KIND_TEXT, 0 },
    [OPT_PASSPHRASE_FILE] = { "passphrase-file", "FILE",
                              "read the passphrase from FILE, - is standard input", KIND_TEXT,
                              0 },
    [OPT_PIN] = { "pin", "sha256//KEY", "the server's public key, in base64", KIND_TEXT, 0 },
    [OPT_POINT] = { "point", "POINT", "search this point only (all)", KIND_TEXT, 0 },
    [OPT_PROXY] = { "proxy", "URL", "http://[USER:PASSWORD@]HOST:PORT (of the environment)",
                    KIND_TEXT, 0 },
    [OPT_QUOTA] = { "quota", "SIZE", "how large the cache may become: 512M, 20G; 0 is no limit",
                    KIND_TEXT, 0 },
    [OPT_READ_DATA] = { "read-data", NULL, "read and open every byte of every pack", KIND_FLAG,
                        0 },
    [OPT_REDUNDANCY] = { "redundancy", "R", "copies the store keeps (none)", KIND_TEXT, 0 },
    [OPT_REFUSE] = { "refuse", "PERCENT",
                     "no backup with less of the protected data free for the cache (0.1)",
                     KIND_TEXT, 0 },
    [OPT_REGION] = { "region", "NAME", "of S3 (AWS_REGION, or us-east-1)", KIND_TEXT, 0 },
    [OPT_RENEW] = { "renew", NULL, "only take the right to use the vault from newer credentials",
                    KIND_FLAG, 0 },
    [OPT_SAMPLE] = { "sample", "PERCENT",
                     "read a random choice of packs with that part of the bytes", KIND_NUMBER, 0 },
    [OPT_SOFT_DELETE_DAYS] = { "soft-delete-days", "N",
                               "how long deleted points can be taken back (14)", KIND_NUMBER,
                               0 },
    [OPT_STDIN] = { "stdin", "NAME", "back up standard input as a file NAME", KIND_TEXT, 0 },
    [OPT_TIER] = { "tier", "NAME", "access tier or storage class of data", KIND_TEXT, 0 },
    [OPT_TIMEOUT] = { "timeout", "SECONDS", "of standing still until it is tried again (60)",
                      KIND_NUMBER, 0 },
    [OPT_TO] = { "to", "DIR", "the directory to restore below", KIND_TEXT, 0 },
    [OPT_VALID_DAYS] = { "valid-days", "N", "how long machines can register with them (10)",
                         KIND_NUMBER, 0 },
    [OPT_WARN] = { "warn", "PERCENT",
                   "warn with less of the protected data free for the cache (5)", KIND_TEXT, 0 },
    [OPT_WORK_HOURS] = { "work-hours", "TIMES", "the hours of --work-limit: \"mo-fr 08:00-18:00\"",
                         KIND_TEXT, 0 },
    [OPT_WORK_LIMIT] = { "work-limit", "KBPS", "the limit in hours of work", KIND_NUMBER, 0 },
};

/* What says where the store is, and how to get there. */
#define PLACE                                                                           \
    (OPT_BIT(OPT_ENDPOINT) | OPT_BIT(OPT_REGION) | OPT_BIT(OPT_ADDRESSING) | OPT_BIT(OPT_TIER))
#define WAY                                                                             \
    (OPT_BIT(OPT_CA) | OPT_BIT(OPT_PIN) | OPT_BIT(OPT_ALLOW_HTTP) | OPT_BIT(OPT_PROXY) | \
     OPT_BIT(OPT_TIMEOUT))

static const char URL_HELP[] =
    "URL is file:///path, azblob://ACCOUNT/CONTAINER[/PREFIX] or the container's URL as Azure's "
    "portal\nshows it, or s3://BUCKET[/PREFIX]. The right to use it comes from the variables that "
    "users of\nthese clouds set: AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN,\n"
    "AZURE_STORAGE_CONNECTION_STRING, or AZURE_TENANT_ID, AZURE_CLIENT_ID and "
    "AZURE_CLIENT_SECRET, or\na managed identity; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
    "AWS_SESSION_TOKEN, or AWS_PROFILE,\nor the role of a container or an instance.";
#define ONE_POINT \
    "POINT is an id, at least the first 6 digits of one, or \"latest\" (with several items: " \
    "--item\ntoo)"
static const char POINT_HELP[] = ONE_POINT ". PATH is absolute, as it was backed up.";

const struct verb verbs[] = {
    { .name = "vault create", .args = "URL", .run = verb_vault_create,
      .options = OPT_BIT(OPT_REDUNDANCY) | OPT_BIT(OPT_SOFT_DELETE_DAYS) | PLACE | WAY,
      .help = "make an empty vault", .more = URL_HELP },
    { .name = "vault show", .args = "URL", .run = verb_vault_show, .options = PLACE | WAY,
      .help = "show a vault and its machines" },
    { .name = "vault credentials", .args = "URL", .run = verb_vault_credentials,
      .options = OPT_BIT(OPT_OUT) | OPT_BIT(OPT_VALID_DAYS) | OPT_BIT(OPT_ACCESS_DAYS) | PLACE |
                 WAY,
      .required = OPT_BIT(OPT_OUT), .help = "issue a file with which machines register",
      .more = "It carries the right to use the store. For Azure, where the account's key is "
              "known, a\nsignature that allows to read, create and list until --access-days are "
              "over; for S3\nthe keys as they are." },
    { .name = "register", .args = "", .run = verb_register,
      .options = OPT_BIT(OPT_CREDENTIALS) | OPT_BIT(OPT_PASSPHRASE_FILE) | OPT_BIT(OPT_CACHE) |
                 OPT_BIT(OPT_NAME) | OPT_BIT(OPT_DOMAIN) | OPT_BIT(OPT_QUOTA) |
                 OPT_BIT(OPT_RENEW) | OPT_BIT(OPT_LIMIT) | OPT_BIT(OPT_WORK_LIMIT) |
                 OPT_BIT(OPT_WORK_HOURS) | WAY,
      .required = OPT_BIT(OPT_CREDENTIALS), .help = "register this machine with a vault",
      .more = "The passphrase has at least 16 characters. It opens the machine's domain, or makes "
              "it.\nIt is stored nowhere: without it nothing can be restored elsewhere." },
    { .name = "backup", .args = "PATH...", .run = verb_backup,
      .options = OPT_BIT(OPT_ITEM) | OPT_BIT(OPT_EXCLUDE) | OPT_BIT(OPT_EXCLUDE_FILE) |
                 OPT_BIT(OPT_EXCLUDE_CACHES) | OPT_BIT(OPT_ONE_FILE_SYSTEM) |
                 OPT_BIT(OPT_COMPRESSION) | OPT_BIT(OPT_DRY_RUN) | OPT_BIT(OPT_STDIN),
      .instead = OPT_BIT(OPT_STDIN), .flags = VERB_AGENT,
      .help = "back up paths, or standard input, as a new recovery point",
      .more = "Patterns are anchored at each PATH." },
    { .name = "points", .args = "", .run = verb_points,
      .options = OPT_BIT(OPT_ITEM) | OPT_BIT(OPT_ALL_MACHINES),
      .flags = VERB_AGENT | VERB_RECOVERS, .help = "list recovery points, oldest first" },
    { .name = "ls", .args = "POINT [PATH]", .run = verb_ls, .options = OPT_BIT(OPT_ITEM),
      .flags = VERB_AGENT | VERB_RECOVERS, .help = "list a directory in a recovery point",
      .more = POINT_HELP },
    { .name = "cat", .args = "POINT PATH", .run = verb_cat, .options = OPT_BIT(OPT_ITEM),
      .flags = VERB_AGENT | VERB_RECOVERS, .help = "write a file's bytes to standard output",
      .more = POINT_HELP },
    { .name = "find", .args = "PATTERN...", .run = verb_find,
      .options = OPT_BIT(OPT_ITEM) | OPT_BIT(OPT_POINT), .flags = VERB_AGENT | VERB_RECOVERS,
      .help = "find names in all recovery points, or in one",
      .more = "PATTERN is like a line of .gitignore, anchored at each path that was backed up: "
              "'*.conf',\n'/etc/', 'src/**/*.[ch]'; the last one that fits decides, '!' takes "
              "back. All recovery\npoints are searched, or those of --item, or the one of "
              "--point." },
    { .name = "diff", .args = "POINT POINT [PATH]", .run = verb_diff,
      .options = OPT_BIT(OPT_ITEM), .flags = VERB_AGENT | VERB_RECOVERS,
      .help = "tell what differs between two recovery points",
      .more = "+ added, - removed, M another content, U other metadata, T another type. POINT is "
              "an id, at\nleast the first 6 digits of one, or \"latest\" (with several items: "
              "--item too). PATH is\nabsolute, as it was backed up. The exit code does not tell "
              "whether anything differs." },
    { .name = "restore", .args = "POINT [PATH...]", .run = verb_restore,
      .options = OPT_BIT(OPT_TO) | OPT_BIT(OPT_ITEM) | OPT_BIT(OPT_CONFLICT) |
                 OPT_BIT(OPT_NO_ACL) | OPT_BIT(OPT_NO_OWNER) | OPT_BIT(OPT_DRY_RUN),
      .required = OPT_BIT(OPT_TO), .flags = VERB_AGENT | VERB_RECOVERS,
      .help = "restore a recovery point, or paths of it, below a directory",
      .more = POINT_HELP },
    { .name = "verify", .args = "[POINT]", .run = verb_verify,
      .options = OPT_BIT(OPT_ITEM) | OPT_BIT(OPT_READ_DATA) | OPT_BIT(OPT_SAMPLE) |
                 OPT_BIT(OPT_AGAINST_DISK),
      .flags = VERB_AGENT | VERB_RECOVERS,
      .help = "find out whether what is in the vault can be restored",
      .more = ONE_POINT "; without it all are looked at, against the disk the latest. --read-data, "
              "--sample\nand --against-disk do not go together." },
    { .name = "stats", .args = "", .run = verb_stats, .flags = VERB_AGENT | VERB_RECOVERS,
      .help = "tell what the domain holds, and what deduplication and compression save" },
    { .name = "recover", .args = "VERB...",
      .options = OPT_BIT(OPT_CREDENTIALS) | OPT_BIT(OPT_PASSPHRASE_FILE) | OPT_BIT(OPT_MACHINE) |
                 WAY,
      .required = OPT_BIT(OPT_CREDENTIALS), .flags = VERB_PREFIX,
      .help = "run a verb on another machine's points, read-only",
      .more = "VERB is one of points, ls, cat, find, diff, restore, verify, stats, with its own "
              "options." },
    { .name = "key list", .args = "", .run = verb_key_list, .flags = VERB_AGENT,
      .help = "list what opens this machine's domain" },
    { .name = "key add", .args = "", .run = verb_key_add, .flags = VERB_AGENT,
      .options = OPT_BIT(OPT_LABEL) | OPT_BIT(OPT_PASSPHRASE_FILE) |
                 OPT_BIT(OPT_NEW_PASSPHRASE_FILE),
      .help = "add another passphrase" },
    { .name = "key change", .args = "", .run = verb_key_change, .flags = VERB_AGENT,
      .options = OPT_BIT(OPT_PASSPHRASE_FILE) | OPT_BIT(OPT_NEW_PASSPHRASE_FILE),
      .help = "replace a passphrase",
      .more = "Someone who kept the old passphrase and a copy of its slot can still open the "
              "domain." },
    { .name = "key remove", .args = "SLOT_ID", .run = verb_key_remove, .flags = VERB_AGENT,
      .options = OPT_BIT(OPT_PASSPHRASE_FILE), .help = "remove a slot" },
    { .name = "benchmark", .args = "", .run = verb_benchmark,
      .help = "measure this machine's speed at chunking, hashing, packing, sealing",
      .more = "Speeds are in plaintext, on one core and on all. A backup chunks and hashes what it "
              "reads,\nand packs, seals and opens what is new; a restore opens and unpacks." },
    { .name = "cache status", .args = "", .run = verb_cache_status, .flags = VERB_AGENT,
      .help = "show where the cache is, what is in it and what is set" },
    { .name = "cache set", .args = "", .run = verb_cache_set, .flags = VERB_AGENT,
      .options = OPT_BIT(OPT_QUOTA) | OPT_BIT(OPT_WARN) | OPT_BIT(OPT_REFUSE),
      .help = "limit the cache, and say how much space it must find",
      .more = "PERCENT is of what the item's last point holds, in steps of 0.1." },
    { .name = "cache rebuild", .args = "", .run = verb_cache_rebuild, .flags = VERB_AGENT,
      .help = "clear the cache and fetch it anew from the vault" },
    { .name = "cache move", .args = "DIR", .run = verb_cache_move, .flags = VERB_AGENT,
      .help = "move the cache; the old place is emptied by the next good backup" },
    { .name = "cache clear", .args = "", .run = verb_cache_clear, .flags = VERB_AGENT,
      .help = "delete what is in the cache and can be fetched again" },
};

const size_t n_verbs = sizeof verbs / sizeof verbs[0];
