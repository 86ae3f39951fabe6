/* libmars: encrypted, deduplicated backup into a vault. */
#ifndef MARS_MARS_H
#define MARS_MARS_H

#include <mars/agent.h>
#include <mars/backup.h>
#include <mars/benchmark.h>
#include <mars/cache.h>
#include <mars/cancel.h>
#include <mars/common.h>
#include <mars/entry.h>
#include <mars/event.h>
#include <mars/image.h>
#include <mars/key.h>
#include <mars/log.h>
#include <mars/point.h>
#include <mars/restore.h>
#include <mars/session.h>
#include <mars/sink.h>
#include <mars/source.h>
#include <mars/stats.h>
#include <mars/store.h>
#include <mars/vault.h>
#include <mars/verify.h>

#endif
