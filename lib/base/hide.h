/* hide.h - a URL as it may be shown: passwords in it become "***".
 *
 *   postgresql://reeve:s3cret@db/reeve?sslpassword=x
 * postgresql://reeve:***@db/reeve?sslpassword=*** postgresql:host=db password='s3 cret' dbname=r
 * postgresql:host=db password=*** dbname=r
 *
 * Hidden is what stands between the first ':' behind "//" and the '@' (the last one, if there are
 * several before a '?'), and the value of every word that ends in "password", up to '&' in the one
 * form, to a blank outside of quotes in the other. Where the URL is wrong, rather too much is
 * hidden than too little.
 */
#ifndef RV_BASE_HIDE_H
#define RV_BASE_HIDE_H

#include "base/buf.h"

/* Appends to out; errors stay in out->err. True: there was something to hide. */
bool rv_hide_password(struct rv_str url, struct rv_buf *out);

#endif
