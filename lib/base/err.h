/* err.h - the one list of error codes.
 *
 * A function that can fail returns int: RV_OK (0) or a negative code. System
 * errors keep their meaning as -errno (-1 .. -999); codes of our own start at
 * -1001. Text for people never comes from here but from struct rv_diag or the
 * message catalogue: these names are for logs and tests.
 */
#ifndef RV_BASE_ERR_H
#define RV_BASE_ERR_H

#define RV_MUSTCHECK         __attribute__((warn_unused_result))
#define RV_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum rv_err {
	RV_OK = 0,
	RV_ESYNTAX = -1001,      /* input does not follow its grammar */
	RV_ELIMIT = -1002,       /* a named limit would be exceeded */
	RV_ENOTFOUND = -1003,    /* no such thing */
	RV_EEXISTS = -1004,      /* there is already one */
	RV_EINVALID = -1005,     /* well-formed, but the value is not allowed */
	RV_EAUTH = -1006,        /* who are you? */
	RV_EDENIED = -1007,      /* known, but not allowed */
	RV_ETIMEOUT = -1008,     /* deadline passed */
	RV_ECLOSED = -1009,      /* the other end is gone */
	RV_EMORE = -1010,        /* incomplete: more input is needed */
	RV_EBUSY = -1011,        /* full or in use now; try later */
	RV_EVERSION = -1012,     /* a version we do not speak */
	RV_EUNSUPPORTED = -1013, /* understood, not done here */
	RV_ETLS = -1014,         /* TLS or certificate failure */
	RV_EDB = -1015,          /* the database failed */
	RV_ECORRUPT = -1016,     /* stored data does not check out */
	RV_ECANCELED = -1017,    /* withdrawn by the caller */
	RV_ECONFLICT = -1018,    /* the thing changed meanwhile */
	RV_EWANTREAD = -1019,    /* non-blocking I/O: wait until readable */
	RV_EWANTWRITE = -1020,   /* non-blocking I/O: wait until writable */
};

/* Code for the current value of errno; RV_ECLOSED never results. */
int rv_err_from_errno(void);

/* Static name, "ESYNTAX" or the errno text; never NULL, also for unknown codes. */
const char *rv_err_name(int err);

#endif
