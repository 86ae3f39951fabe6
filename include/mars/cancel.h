#ifndef MARS_CANCEL_H
#define MARS_CANCEL_H

#include <mars/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Asks running calls to stop. Any number of calls may share one; any thread may set it. */
typedef struct mars_cancel mars_cancel;

/** Make one that is not set. Free it with mars_cancel_free() when no call uses it. @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL mars_cancel_new(mars_cancel **out, mars_error *err);

/** Set it, for good. Calls that hold it end soon with MARS_ERR_CANCELLED. Any thread, and a signal
 *  handler. @since 0.1 */
MARS_API void MARS_CALL mars_cancel_set(mars_cancel *cancel);

/** NULL is allowed. @since 0.1 */
MARS_API void MARS_CALL mars_cancel_free(mars_cancel *cancel);

#ifdef __cplusplus
}
#endif
#endif
