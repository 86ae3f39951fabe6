#include <mars/cancel.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/job.h"

mars_status
mars_cancel_new(mars_cancel **out, mars_error *err)
{
    mrs_error_clear(err);
    if (out == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "out: is NULL");
    *out = mrs_alloc(sizeof **out);
    if (*out == NULL)
        return mrs_nomem(err);
    atomic_init(&(*out)->set, false);
    return MARS_OK;
}

void
mars_cancel_set(mars_cancel *cancel)
{
    atomic_store(&cancel->set, true);
}

void
mars_cancel_free(mars_cancel *cancel)
{
    mrs_free(cancel);
}
