/* The answers of storage services in XML, element by element. */
#ifndef MRS_STORE_XML_H
#define MRS_STORE_XML_H

#include <mars/common.h>

/* At the end of each element: its path from the root, "Error/Code", and its text, which is empty
 * where other elements are in it. A status other than MARS_OK ends the reading. */
typedef mars_status (*mrs_xml_fn)(void *user, const char *path, const char *text, mars_error *err);

/* MARS_ERR_CORRUPT if it is no XML, or has more depth or longer texts than such answers have. */
MARS_NODISCARD mars_status mrs_xml_each(const void *data, size_t n, mrs_xml_fn fn, void *user,
                                        mars_error *err);

#endif
