#include "base/time.h"

#include <stdio.h>
#include <time.h>

#include "base/virtual.h"

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * RV_US_PER_SEC + t.tv_nsec / 1000;
}

int64_t rv_time_utc_us(void)
{
	const struct rv_virtual *world = rv_virtual_here();

	return world != NULL ? world->utc_us : clock_us(CLOCK_REALTIME);
}

int64_t rv_time_boot_us(void)
{
	const struct rv_virtual *world = rv_virtual_here();

	return world != NULL ? world->boot_us : clock_us(CLOCK_BOOTTIME);
}

enum {
	DAYS_PER_ERA = 146097, /* 400 Gregorian years */
	DAYS_TO_1970 = 719468, /* from 0000-03-01 */
	SEC_PER_DAY = 86400,
};

struct civil {
	int year, month, day, hour, minute, second;
};

/* Years run from March here, so that the leap day is the last one; the months March..February
 * then start at day (153 * m + 2) / 5. Years 0..9999 only. */
static int64_t days_from_civil(const struct civil *c)
{
	int year = c->month > 2 ? c->year : c->year - 1;
	int era = (year + 400) / 400 - 1; /* floor, also for the year -1 */
	int year_of_era = year - era * 400;
	int day_of_year = (153 * ((c->month + 9) % 12) + 2) / 5 + c->day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (int64_t)era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static void civil_from_days(int64_t days, struct civil *out)
{
	int64_t z = days + DAYS_TO_1970 + DAYS_PER_ERA; /* one era more: never negative */
	int day_of_era = (int)(z % DAYS_PER_ERA);
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
			   day_of_era / 146096) /
			  365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int m = (5 * day_of_year + 2) / 153;

	out->day = day_of_year - (153 * m + 2) / 5 + 1;
	out->month = m < 10 ? m + 3 : m - 9;
	out->year = (int)(z / DAYS_PER_ERA - 1) * 400 + year_of_era + (out->month <= 2);
}

static const int64_t TEXT_MIN_US = INT64_C(-62167219200000000); /* 0000-01-01T00:00:00.000000Z */
static const int64_t TEXT_MAX_US = INT64_C(253402300799999999); /* 9999-12-31T23:59:59.999999Z */

void rv_time_format(int64_t utc_us, char out[static RV_TIME_TEXT_LEN + 1])
{
	struct civil c = { 0 };
	char text[96]; /* what the compiler thinks six ints may need */
	int64_t days, sec;
	int us;

	if (utc_us < TEXT_MIN_US)
		utc_us = TEXT_MIN_US;
	if (utc_us > TEXT_MAX_US)
		utc_us = TEXT_MAX_US;
	us = (int)(utc_us % RV_US_PER_SEC);
	sec = utc_us / RV_US_PER_SEC;
	if (us < 0) {
		us += (int)RV_US_PER_SEC;
		sec--;
	}
	days = sec / SEC_PER_DAY - (sec % SEC_PER_DAY < 0);
	sec -= days * SEC_PER_DAY;
	civil_from_days(days, &c);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", c.year, c.month, c.day,
		 (int)(sec / 3600), (int)(sec / 60 % 60), (int)(sec % 60), us);
	rv_str_copy(rv_str(text), out, RV_TIME_TEXT_LEN + 1);
}

/* Exactly n digits at *at, within low..high. */
static bool number(struct rv_str s, size_t *at, size_t n, int low, int high, int *out)
{
	uint64_t v = 0;

	if (*at + n > s.len || !rv_str_to_u64(rv_str_sub(s, *at, n), 9999, &v))
		return false;
	*at += n;
	*out = (int)v;
	return *out >= low && *out <= high;
}

static bool one_of(struct rv_str s, size_t *at, const char *chars)
{
	if (*at >= s.len || rv_str_find(rv_str(chars), s.ptr[*at]) == rv_str(chars).len)
		return false;
	(*at)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool date_and_time(struct rv_str s, size_t *at, struct civil *c)
{
	return number(s, at, 4, 0, 9999, &c->year) && one_of(s, at, "-") &&
	       number(s, at, 2, 1, 12, &c->month) && one_of(s, at, "-") &&
	       number(s, at, 2, 1, days_in_month(c->year, c->month), &c->day) &&
	       one_of(s, at, "Tt") && number(s, at, 2, 0, 23, &c->hour) && one_of(s, at, ":") &&
	       number(s, at, 2, 0, 59, &c->minute) && one_of(s, at, ":") &&
	       number(s, at, 2, 0, 60, &c->second); /* 60: a leap second, RFC 3339 5.7 */
}

static bool fraction(struct rv_str s, size_t *at, int *out_us)
{
	int scale = (int)RV_US_PER_SEC / 10;
	size_t start;

	*out_us = 0;
	if (!one_of(s, at, "."))
		return true;
	start = *at;
	while (*at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9' && scale > 0) {
		*out_us += (s.ptr[(*at)++] - '0') * scale;
		scale /= 10;
	}
	return *at > start;
}

static bool offset(struct rv_str s, size_t *at, int *out_sec)
{
	int hours, minutes, sign;

	*out_sec = 0;
	if (one_of(s, at, "Zz"))
		return true;
	sign = *at < s.len && s.ptr[*at] == '-' ? -1 : 1;
	if (!one_of(s, at, "+-") || !number(s, at, 2, 0, 23, &hours) || !one_of(s, at, ":") ||
	    !number(s, at, 2, 0, 59, &minutes))
		return false;
	*out_sec = sign * (hours * 3600 + minutes * 60);
	return true;
}

int rv_time_parse(struct rv_str text, int64_t *out_us)
{
	struct civil c = { 0 };
	int us, offset_sec;
	int64_t utc_us;
	size_t at = 0;

	if (!date_and_time(text, &at, &c) || !fraction(text, &at, &us) ||
	    !offset(text, &at, &offset_sec) || at != text.len)
		return RV_ESYNTAX;
	utc_us = (days_from_civil(&c) * SEC_PER_DAY + c.hour * 3600 + c.minute * 60 + c.second -
		  offset_sec) *
			 RV_US_PER_SEC +
		 us;
	/* An offset or a leap second may lead out of what rv_time_format can write. */
	if (utc_us < TEXT_MIN_US || utc_us > TEXT_MAX_US)
		return RV_ESYNTAX;
	*out_us = utc_us;
	return RV_OK;
}
