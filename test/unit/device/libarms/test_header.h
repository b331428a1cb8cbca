/* test_header.h - one spelling of a compile-time check for C and C++. */
#ifndef RV_TEST_DEVICE_LIBARMS_TEST_HEADER_H
#define RV_TEST_DEVICE_LIBARMS_TEST_HEADER_H

#ifdef __cplusplus
#define RV_STATIC_ASSERT(cond, text) static_assert(cond, text)
extern "C" int rv_header_sum(void);
#else
#define RV_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
int rv_header_sum(void);
#endif

#endif
