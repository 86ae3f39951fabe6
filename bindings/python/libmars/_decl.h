/* The public headers as cffi reads them. "..." leaves sizes and numbers to the compiler, which
 * checks the rest. Every MARS_API function is here; a test compares. */

/* common.h */
typedef enum {
    MARS_OK, MARS_ERR_INTERNAL, MARS_ERR_NOMEM, MARS_ERR_INVALID_ARG, MARS_ERR_UNSUPPORTED,
    MARS_ERR_CORRUPT, MARS_ERR_IO, MARS_ERR_CANCELLED, MARS_ERR_NOT_FOUND, MARS_ERR_EXISTS,
    MARS_ERR_STATE, MARS_ERR_LOCKED, MARS_ERR_NETWORK, MARS_ERR_AUTH, MARS_ERR_FORBIDDEN,
    MARS_ERR_QUOTA, MARS_ERR_KEY, ...
} mars_status;
typedef struct mars_error {
    int32_t status;
    int32_t os_code;
    int32_t http_status;
    char message[240];
    ...;
} mars_error;
const char *mars_status_name(int32_t status);
const char *mars_version(void);
const char *mars_crypto_provider(void);

/* cancel.h */
typedef struct mars_cancel mars_cancel;
mars_status mars_cancel_new(mars_cancel **out, mars_error *err);
void mars_cancel_set(mars_cancel *cancel);
void mars_cancel_free(mars_cancel *cancel);

/* event.h */
typedef struct mars_progress {
    uint32_t phase;
    uint64_t files_done;
    uint64_t files_total;
    uint64_t bytes_done;
    uint64_t bytes_total;
    uint64_t bytes_stored;
    uint64_t elapsed_ns;
    uint64_t warnings;
    ...;
} mars_progress;
#define MARS_PHASE_START ...
#define MARS_PHASE_DATA ...
#define MARS_PHASE_COMMIT ...
#define MARS_PHASE_CHECK ...
typedef int (*mars_progress_fn)(const mars_progress *progress, void *user);
#define MARS_EVENT_SKIPPED ...
#define MARS_EVENT_WARNING ...
#define MARS_EVENT_DAMAGED ...
#define MARS_EVENT_FILE_LOST ...
#define MARS_EVENT_DIFFERENT ...
#define MARS_EVENT_NOT_RESTORED ...
#define MARS_EVENT_FILE ...
#define MARS_SKIP_UNREADABLE ...
#define MARS_SKIP_VANISHED ...
#define MARS_SKIP_SOCKET ...
#define MARS_SKIP_CHANGED ...
#define MARS_SKIP_PARTIAL ...
#define MARS_SKIP_KIND ...
typedef struct mars_event {
    uint32_t kind;
    int32_t status;
    int32_t os_code;
    uint32_t reason;
    const char *path;
    uint64_t path_len;
    const char *object;
    const char *point;
    const char *message;
    ...;
} mars_event;
typedef void (*mars_event_fn)(const mars_event *event, void *user);

/* log.h */
#define MARS_LEVEL_ERROR ...
#define MARS_LEVEL_WARNING ...
#define MARS_LEVEL_INFO ...
#define MARS_LEVEL_DEBUG ...
typedef void (*mars_log_fn)(void *user, int level, const char *unit, const char *text);

/* store.h */
#define MARS_STORE_ALLOW_HTTP ...
typedef struct mars_store_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *endpoint;
    const char *region;
    const char *addressing;
    const char *tier;
    const char *account_key;
    const char *sas;
    const char *key_id;
    const char *secret_key;
    const char *session_token;
    const char *tenant;
    const char *client_id;
    const char *client_secret;
    const char *authority;
    const char *identity;
    const char *identity_endpoint;
    const char *identity_header;
    const char *ca_file;
    const char *pin;
    const char *proxy;
    const char *proxy_user;
    const char *proxy_password;
    const char *no_proxy;
    uint32_t timeout_s;
    uint32_t requests_limit;
    uint32_t work_kbps;
    uint32_t other_kbps;
    uint32_t work_days;
    uint32_t work_from;
    uint32_t work_to;
    mars_log_fn log;
    void *log_user;
    uint32_t log_level;
    ...;
} mars_store_options;

/* vault.h */
typedef struct mars_vault_options {
    uint32_t struct_size;
    uint32_t soft_delete_days;
    const char *redundancy;
    uint64_t redundancy_len;
    const mars_store_options *store;
    ...;
} mars_vault_options;
typedef struct mars_vault_info {
    uint32_t struct_size;
    uint32_t soft_delete_days;
    char id[40];
    char redundancy[16];
    int64_t created;
    uint32_t machines;
    uint32_t put_if_absent;
    ...;
} mars_vault_info;
typedef struct mars_machine_info {
    const char *id;
    const char *name;
    const char *domain;
    const char *os;
    int64_t created;
    ...;
} mars_machine_info;
typedef void (*mars_machine_fn)(const mars_machine_info *machine, void *user);
typedef struct mars_credentials_options {
    uint32_t struct_size;
    uint32_t valid_days;
    uint32_t access_days;
    const mars_store_options *store;
    ...;
} mars_credentials_options;
mars_status mars_vault_create(const char *url, const mars_vault_options *opts, mars_error *err);
mars_status mars_vault_show(const char *url, const mars_store_options *store,
                            mars_vault_info *info, mars_machine_fn fn, void *user,
                            mars_error *err);
mars_status mars_vault_issue_credentials(const char *url, const char *path,
                                         const mars_credentials_options *opts, mars_error *err);

/* agent.h */
typedef struct mars_agent mars_agent;
typedef struct mars_key_wrapper mars_key_wrapper;
typedef struct mars_register_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *config_dir;
    uint64_t config_dir_len;
    const char *credentials;
    uint64_t credentials_len;
    const char *passphrase;
    uint64_t passphrase_len;
    const char *cache_dir;
    uint64_t cache_dir_len;
    const char *name;
    uint64_t name_len;
    const char *domain;
    uint64_t domain_len;
    uint64_t cache_quota;
    const mars_store_options *store;
    mars_log_fn log;
    void *log_user;
    uint32_t log_level;
    const mars_key_wrapper *wrapper;
    const mars_cancel *cancel;
    ...;
} mars_register_options;
typedef struct mars_renew_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *config_dir;
    uint64_t config_dir_len;
    const char *credentials;
    uint64_t credentials_len;
    const mars_store_options *store;
    mars_log_fn log;
    void *log_user;
    uint32_t log_level;
    const mars_cancel *cancel;
    ...;
} mars_renew_options;
typedef struct mars_agent_options {
    uint32_t struct_size;
    uint32_t workers;
    uint64_t buffer_bytes;
    mars_log_fn log;
    void *log_user;
    uint32_t log_level;
    const mars_cancel *cancel;
    ...;
} mars_agent_options;
typedef struct mars_recover_options {
    uint32_t struct_size;
    uint32_t workers;
    uint64_t buffer_bytes;
    const char *credentials;
    uint64_t credentials_len;
    const char *passphrase;
    uint64_t passphrase_len;
    const char *machine;
    uint64_t machine_len;
    const mars_store_options *store;
    mars_log_fn log;
    void *log_user;
    uint32_t log_level;
    const mars_key_wrapper *wrapper;
    const mars_cancel *cancel;
    ...;
} mars_recover_options;
typedef struct mars_agent_info {
    uint32_t struct_size;
    uint32_t read_only;
    const char *machine_id;
    const char *machine_name;
    const char *domain_id;
    const char *vault_url;
    const char *cache_dir;
    ...;
} mars_agent_info;
mars_status mars_register(const mars_register_options *opts, mars_agent **out, mars_error *err);
mars_status mars_register_renew(const mars_renew_options *opts, mars_error *err);
mars_status mars_agent_open(const char *config_dir, uint64_t config_dir_len,
                            const mars_agent_options *opts, mars_agent **out, mars_error *err);
mars_status mars_recover_open(const mars_recover_options *opts, mars_agent **out,
                              mars_error *err);
mars_status mars_agent_get_info(const mars_agent *agent, mars_agent_info *info, mars_error *err);
void mars_agent_close(mars_agent *agent);

/* backup.h */
#define MARS_BACKUP_ONE_FILE_SYSTEM ...
#define MARS_BACKUP_EXCLUDE_CACHES ...
#define MARS_BACKUP_SKIP_UPLOAD_CHECK ...
#define MARS_BACKUP_DRY_RUN ...
#define MARS_BACKUP_REPORT_FILES ...
#define MARS_COMPRESSION_DEFAULT ...
#define MARS_COMPRESSION_LZ4 ...
#define MARS_COMPRESSION_NONE ...
#define MARS_COMPRESSION_LZ4HC ...
#define MARS_COMPRESSION_ZSTD ...
typedef struct mars_backup_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *item;
    uint64_t item_len;
    const char *const *paths;
    const uint64_t *path_lens;
    uint64_t n_paths;
    const char *const *excludes;
    uint64_t n_excludes;
    uint32_t compression;
    uint32_t compression_level;
    mars_progress_fn progress;
    void *progress_user;
    mars_event_fn event;
    void *event_user;
    const mars_cancel *cancel;
    ...;
} mars_backup_options;
typedef struct mars_backup_result {
    uint32_t struct_size;
    char point[40];
    uint64_t files;
    uint64_t directories;
    uint64_t files_unchanged;
    uint64_t files_skipped;
    uint64_t bytes;
    uint64_t bytes_read;
    uint64_t bytes_new;
    uint64_t bytes_added;
    uint64_t elapsed_ns;
    ...;
} mars_backup_result;
mars_status mars_backup(mars_agent *agent, const mars_backup_options *opts,
                        mars_backup_result *result, mars_error *err);

/* session.h */
typedef struct mars_session mars_session;
typedef struct mars_stream mars_stream;
mars_status mars_session_begin(mars_agent *agent, const mars_backup_options *opts,
                               mars_session **out, mars_error *err);
mars_status mars_stream_open(mars_session *session, const char *name, uint64_t name_len,
                             mars_stream **out, mars_error *err);
mars_status mars_stream_write(mars_stream *stream, const void *data, uint64_t len,
                              mars_error *err);
mars_status mars_stream_finish(mars_stream *stream, mars_error *err);
void mars_stream_abandon(mars_stream *stream);
mars_status mars_session_commit(mars_session *session, mars_backup_result *result,
                                mars_error *err);
void mars_session_abandon(mars_session *session);

/* image.h */
typedef int32_t (*mars_image_read_fn)(uint64_t offset, void *out, uint64_t len, void *user);
typedef int32_t (*mars_image_data_fn)(uint64_t offset, uint64_t *start, uint64_t *end,
                                      void *user);
typedef int32_t (*mars_image_changed_fn)(const char *since, uint64_t offset, uint64_t *start,
                                         uint64_t *end, void *user);
typedef struct mars_image_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *name;
    uint64_t name_len;
    const char *path;
    uint64_t path_len;
    uint64_t size;
    mars_image_read_fn read;
    mars_image_data_fn data;
    mars_image_changed_fn changed;
    void *user;
    ...;
} mars_image_options;
mars_status mars_session_add_image(mars_session *session, const mars_image_options *opts,
                                   mars_error *err);

/* restore.h */
#define MARS_RESTORE_NO_ACL ...
#define MARS_RESTORE_NO_OWNER ...
#define MARS_RESTORE_DRY_RUN ...
#define MARS_RESTORE_REPORT_FILES ...
#define MARS_CONFLICT_COPY ...
#define MARS_CONFLICT_OVERWRITE ...
#define MARS_CONFLICT_SKIP ...
typedef struct mars_sink mars_sink;
typedef struct mars_restore_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *point;
    const char *item;
    const char *target;
    uint64_t target_len;
    const char *const *paths;
    const uint64_t *path_lens;
    uint64_t n_paths;
    uint32_t conflict;
    mars_progress_fn progress;
    void *progress_user;
    mars_event_fn event;
    void *event_user;
    const mars_cancel *cancel;
    const mars_sink *sink;
    ...;
} mars_restore_options;
typedef struct mars_restore_result {
    uint32_t struct_size;
    uint64_t files_restored;
    uint64_t directories;
    uint64_t files_present;
    uint64_t files_skipped;
    uint64_t files_failed;
    uint64_t warnings;
    uint64_t bytes_written;
    uint64_t bytes_fetched;
    uint64_t elapsed_ns;
    ...;
} mars_restore_result;
mars_status mars_restore(mars_agent *agent, const mars_restore_options *opts,
                         mars_restore_result *result, mars_error *err);

/* verify.h */
#define MARS_VERIFY_READ_DATA ...
#define MARS_VERIFY_AGAINST_DISK ...
typedef struct mars_verify_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *point;
    const char *item;
    mars_progress_fn progress;
    void *progress_user;
    mars_event_fn event;
    void *event_user;
    const mars_cancel *cancel;
    uint32_t sample_percent;
    ...;
} mars_verify_options;
typedef struct mars_verify_result {
    uint32_t struct_size;
    uint64_t points;
    uint64_t objects;
    uint64_t bytes_read;
    uint64_t objects_damaged;
    uint64_t files_lost;
    uint64_t differences;
    uint64_t elapsed_ns;
    uint64_t packs;
    uint64_t pack_bytes;
    uint64_t packs_read;
    uint64_t pack_bytes_read;
    ...;
} mars_verify_result;
mars_status mars_verify(mars_agent *agent, const mars_verify_options *opts,
                        mars_verify_result *result, mars_error *err);

/* point.h */
typedef struct mars_point_info {
    uint32_t struct_size;
    uint32_t n_roots;
    const char *id;
    const char *item;
    const char *machine;
    const char *machine_id;
    int64_t started;
    int64_t finished;
    uint64_t entries;
    uint64_t bytes;
    uint64_t files_skipped;
    uint64_t bytes_added;
    const char *const *roots;
    const uint64_t *root_lens;
    uint32_t is_head;
    ...;
} mars_point_info;
typedef int (*mars_point_fn)(const mars_point_info *point, void *user);
#define MARS_POINTS_ALL_MACHINES ...
mars_status mars_point_list(mars_agent *agent, const char *item, uint32_t flags,
                            mars_point_fn fn, void *user, mars_event_fn event,
                            void *event_user, mars_error *err);
#define MARS_ENTRY_FILE ...
#define MARS_ENTRY_DIRECTORY ...
#define MARS_ENTRY_SYMLINK ...
#define MARS_ENTRY_FIFO ...
#define MARS_ENTRY_CHARDEV ...
#define MARS_ENTRY_BLOCKDEV ...
#define MARS_ENTRY_INCOMPLETE ...
#define MARS_ENTRY_CHANGED ...
typedef struct mars_entry {
    uint32_t struct_size;
    uint32_t type;
    const char *path;
    uint64_t path_len;
    uint64_t size;
    uint32_t mode;
    uint32_t mtime_ns;
    int64_t mtime;
    uint64_t uid;
    uint64_t gid;
    const char *user;
    const char *group;
    const char *target;
    uint64_t target_len;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t flags;
    ...;
} mars_entry;
typedef int (*mars_entry_fn)(const mars_entry *entry, void *user);
typedef struct mars_point mars_point;
mars_status mars_point_open(mars_agent *agent, const char *point, const char *item,
                            mars_point **out, mars_error *err);
void mars_point_close(mars_point *point);
mars_status mars_point_get_info(const mars_point *point, mars_point_info *info,
                                mars_error *err);
#define MARS_BROWSE_RECURSE ...
mars_status mars_point_browse(mars_point *point, const char *path, uint64_t path_len,
                              uint32_t flags, mars_entry_fn fn, void *user, mars_error *err);
mars_status mars_point_stat(mars_point *point, const char *path, uint64_t path_len,
                            mars_entry *entry, mars_error *err);
mars_status mars_point_find(mars_point *point, const char *const *patterns, uint64_t n_patterns,
                            mars_entry_fn fn, void *user, mars_error *err);
#define MARS_DIFF_ADDED ...
#define MARS_DIFF_REMOVED ...
#define MARS_DIFF_CONTENT ...
#define MARS_DIFF_METADATA ...
#define MARS_DIFF_TYPE ...
typedef struct mars_diff {
    uint32_t change;
    const mars_entry *before;
    const mars_entry *after;
    ...;
} mars_diff;
typedef int (*mars_diff_fn)(const mars_diff *diff, void *user);
mars_status mars_point_diff(mars_point *before, mars_point *after, const char *path,
                            uint64_t path_len, mars_diff_fn fn, void *user, mars_error *err);
typedef int (*mars_data_fn)(const void *data, uint64_t len, void *user);
mars_status mars_point_read(mars_point *point, const char *path, uint64_t path_len,
                            mars_data_fn fn, void *user, const mars_cancel *cancel,
                            mars_error *err);
typedef struct mars_file mars_file;
mars_status mars_file_open(mars_point *point, const char *path, uint64_t path_len,
                           mars_file **out, mars_error *err);
uint64_t mars_file_size(const mars_file *file);
mars_status mars_file_read_at(mars_file *file, uint64_t offset, void *out, uint64_t len,
                              uint64_t *got, mars_error *err);
void mars_file_close(mars_file *file);

/* stats.h */
typedef struct mars_stats {
    uint32_t struct_size;
    uint64_t points;
    uint64_t items;
    uint64_t entries;
    uint64_t bytes;
    uint64_t chunks;
    uint64_t chunk_bytes;
    uint64_t packs;
    uint64_t pack_bytes;
    uint64_t objects;
    uint64_t object_bytes;
    uint64_t index_objects;
    uint64_t index_bytes;
    ...;
} mars_stats;
mars_status mars_stats_get(mars_agent *agent, const mars_cancel *cancel, mars_stats *out,
                           mars_event_fn event, void *event_user, mars_error *err);

/* key.h */
typedef int32_t (*mars_wrap_fn)(void *user, const uint8_t *secret, uint8_t *blob,
                                uint64_t *blob_len, mars_error *err);
typedef int32_t (*mars_unwrap_fn)(void *user, const uint8_t *blob, uint64_t blob_len,
                                  uint8_t *secret, mars_error *err);
struct mars_key_wrapper {
    uint32_t struct_size;
    void *user;
    mars_wrap_fn wrap;
    mars_unwrap_fn unwrap;
    ...;
};
#define MARS_KEY_BLOB_MAX ...
typedef struct mars_key {
    uint32_t struct_size;
    const char *passphrase;
    uint64_t passphrase_len;
    const mars_key_wrapper *wrapper;
    ...;
} mars_key;
typedef struct mars_key_info {
    uint32_t kind;
    const char *id;
    const char *label;
    int64_t created;
    uint32_t passes;
    uint32_t memory_kib;
    uint32_t lanes;
    ...;
} mars_key_info;
typedef void (*mars_key_fn)(const mars_key_info *key, void *user);
mars_status mars_key_list(mars_agent *agent, mars_key_fn fn, void *user, mars_error *err);
mars_status mars_key_add(mars_agent *agent, const mars_key *present, const mars_key *added,
                         const char *label, char id[17], mars_error *err);
mars_status mars_key_change(mars_agent *agent, const mars_key *present, const mars_key *fresh,
                            mars_error *err);
mars_status mars_key_remove(mars_agent *agent, const mars_key *present, const char *id,
                            mars_error *err);

/* cache.h */
#define MARS_CACHE_READY ...
#define MARS_CACHE_UNUSABLE ...
typedef struct mars_cache_info {
    uint32_t struct_size;
    uint32_t state;
    const char *path;
    const char *problem;
    uint64_t files;
    uint64_t bytes;
    uint64_t bytes_copies;
    uint64_t bytes_trees;
    uint64_t bytes_runs;
    uint64_t bytes_journals;
    uint64_t bytes_unfinished;
    uint64_t bytes_free;
    uint64_t quota;
    uint32_t warn_permille;
    uint32_t refuse_permille;
    uint64_t old_places;
    ...;
} mars_cache_info;
typedef struct mars_cache_settings {
    uint32_t struct_size;
    uint32_t warn_permille;
    uint32_t refuse_permille;
    uint32_t flags;
    uint64_t quota;
    ...;
} mars_cache_settings;
mars_status mars_cache_status(mars_agent *agent, mars_cache_info *info, mars_error *err);
mars_status mars_cache_set(mars_agent *agent, const mars_cache_settings *settings,
                           mars_error *err);
mars_status mars_cache_clear(mars_agent *agent, mars_error *err);
mars_status mars_cache_rebuild(mars_agent *agent, mars_event_fn event, void *user,
                               const mars_cancel *cancel, mars_error *err);
mars_status mars_cache_move(mars_agent *agent, const char *dir, uint64_t dir_len,
                            mars_error *err);

/* benchmark.h */
#define MARS_BENCHMARK_CHUNK ...
#define MARS_BENCHMARK_HASH ...
#define MARS_BENCHMARK_PACK ...
#define MARS_BENCHMARK_UNPACK ...
#define MARS_BENCHMARK_SEAL ...
#define MARS_BENCHMARK_OPEN ...
typedef struct mars_benchmark_figure {
    uint32_t work;
    const char *codec;
    uint64_t one_core;
    uint64_t all_cores;
    ...;
} mars_benchmark_figure;
typedef void (*mars_benchmark_fn)(const mars_benchmark_figure *figure, void *user);
typedef struct mars_benchmark_options {
    uint32_t struct_size;
    uint32_t workers;
    uint32_t figure_ms;
    mars_benchmark_fn figure;
    void *figure_user;
    mars_progress_fn progress;
    void *progress_user;
    const mars_cancel *cancel;
    ...;
} mars_benchmark_options;
typedef struct mars_benchmark_result {
    uint32_t struct_size;
    uint32_t workers;
    uint64_t figures;
    uint64_t elapsed_ns;
    ...;
} mars_benchmark_result;
mars_status mars_benchmark(const mars_benchmark_options *opts, mars_benchmark_result *result,
                           mars_error *err);
