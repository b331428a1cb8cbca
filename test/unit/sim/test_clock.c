/* Whether OpenSSL, in its own library, asks the clock of this program. */
#include "test/unit/lib/base/test_unit.h"

#include <openssl/x509.h>
#include <time.h>

#include "sim/clock.h"

enum { DAY_S = 86400 };

/* Days between what OpenSSL takes for now and the real day. */
static int days_of_openssl(void)
{
	struct timespec real;
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0), *then;
	int days = 0, seconds = 0;

	clock_gettime(CLOCK_REALTIME, &real);
	then = ASN1_TIME_set(NULL, real.tv_sec);
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, then, now), 1);
	ASN1_TIME_free(then);
	ASN1_TIME_free(now);
	return days;
}

static void openssl_believes_what_was_set(void **state)
{
	static const int days[] = { 0, -20000, 9000, 1, 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(days); i++) {
		sim_clock_set(days[i]);
		/* The two were not asked in the same second: a difference may round to the next. */
		assert_in_range(days_of_openssl() - days[i] + 1, 0, 2);
	}
}

static void a_certificate_is_out_of_date_then(void **state)
{
	ASN1_TIME *tomorrow;

	(void)state;
	sim_clock_set(0);
	tomorrow = X509_gmtime_adj(NULL, DAY_S);
	assert_int_equal(X509_cmp_current_time(tomorrow), 1);
	sim_clock_set(2);
	assert_int_equal(X509_cmp_current_time(tomorrow), -1);
	ASN1_TIME_free(tomorrow);
	sim_clock_set(0);
}

static void both_ways_of_asking_agree(void **state)
{
	time_t asked = 0, got;

	(void)state;
	got = time(&asked);
	assert_int_equal(got, asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_believes_what_was_set),
		cmocka_unit_test(a_certificate_is_out_of_date_then),
		cmocka_unit_test(both_ways_of_asking_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
