#include "verify/check.h"

#include <stdio.h>

const struct verify_check verify_checks[] = {
	{ 1, VERIFY_SHOULD, "appendix D" },  { 2, VERIFY_MUST, "2.4" },
	{ 3, VERIFY_MUST, "2.4" },           { 4, VERIFY_MUST, "2.4" },
	{ 5, VERIFY_MUST, "2.4" },           { 6, VERIFY_MUST, "2.4" },
	{ 7, VERIFY_MUST, "6.2" },           { 9, VERIFY_MUST, "2.4" },
	{ 10, VERIFY_MUST, "2.1" },          { 11, VERIFY_MUST, "2.1" },
	{ 12, VERIFY_MUST, "2.1" },          { 13, VERIFY_SHOULD, "2.1" },
	{ 14, VERIFY_SHOULD, "2.1" },        { 16, VERIFY_MUST, "2.1" },
	{ 17, VERIFY_MUST, "2.2" },          { 18, VERIFY_SHOULD, "appendix D" },
	{ 19, VERIFY_SHOULD, "appendix D" }, { 20, VERIFY_SHOULD, "2.3" },
	{ 21, VERIFY_MUST, "2.3" },          { 22, VERIFY_SHOULD, "appendix D" },
	{ 23, VERIFY_MUST, "2.3" },          { 24, VERIFY_SHOULD, "appendix D" },
	{ 25, VERIFY_SHOULD, "appendix D" }, { 26, VERIFY_MUST, "2.3" },
	{ 27, VERIFY_MUST, "appendix B" },   { 29, VERIFY_MUST, "2.3" },
	{ 30, VERIFY_MUST, "2.3" },          { 32, VERIFY_MUST, "3.1" },
	{ 33, VERIFY_SHOULD, "appendix D" }, { 35, VERIFY_MUST, "3.1" },
	{ 36, VERIFY_MUST, "3.5" },          { 37, VERIFY_SHOULD, "appendix D" },
	{ 38, VERIFY_MUST, "3.1" },          { 40, VERIFY_MUST, "3.1" },
	{ 41, VERIFY_MUST, "3.2" },          { 43, VERIFY_SHOULD, "3.1" },
	{ 44, VERIFY_SHOULD, "3.1" },        { 45, VERIFY_MUST, "3.1" },
	{ 46, VERIFY_MUST, "3.4" },          { 47, VERIFY_MUST, "3.4" },
	{ 49, VERIFY_SHOULD, "3.4" },        { 51, VERIFY_MUST, "1.4" },
	{ 55, VERIFY_MUST, "3.4" },          { 56, VERIFY_MUST, "4.4" },
	{ 57, VERIFY_MUST, "4.4" },          { 58, VERIFY_MUST, "3.4" },
	{ 60, VERIFY_MUST, "3.5" },          { 61, VERIFY_SHOULD, "3.5" },
	{ 62, VERIFY_MUST, "3.5" },          { 63, VERIFY_SHOULD, "3.5" },
	{ 66, VERIFY_SHOULD, "7.2" },        { 69, VERIFY_SHOULD, "7.4" },
	{ 72, VERIFY_MUST, "7.3" },          { 74, VERIFY_MUST, "4.4" },
	{ 75, VERIFY_MUST, "3.5" },          { 76, VERIFY_MUST, "3.6" },
	{ 77, VERIFY_MUST, "3.6" },          { 126, VERIFY_MUST, "3.2" },
	{ 127, VERIFY_MUST, "3.4" },         { 201, VERIFY_MUST, "2.2" },
	{ 202, VERIFY_MUST, "2.2" },         { 203, VERIFY_MUST, "9" },
	{ 204, VERIFY_SHOULD, "3.1" },       { 205, VERIFY_MUST, "2.4" },
	{ 206, VERIFY_MUST, "2.4" },         { 207, VERIFY_MUST, "2.2" },
	{ 208, VERIFY_MUST, "2.2" },         { 209, VERIFY_MUST, "1.4" },
	{ 210, VERIFY_MUST, "appendix B" },  { 211, VERIFY_MUST, "1.4" },
	{ 212, VERIFY_MUST, "1.4" },         { 213, VERIFY_MUST, "appendix B" },
	{ 214, VERIFY_MUST, "appendix B" },  { 215, VERIFY_MUST, "2.3" },
	{ 216, VERIFY_MUST, "3.1" },         { 217, VERIFY_MUST, "2.3" },
	{ 218, VERIFY_MUST, "1.5" },         { 219, VERIFY_MUST, "1.6" },
	{ 220, VERIFY_SHOULD, "1.4" },       { 221, VERIFY_SHOULD, "1.4" },
	{ 222, VERIFY_MUST, "3.6" },         { 223, VERIFY_MUST, "1.5" },
	{ 224, VERIFY_MUST, "4.4" },         { 225, VERIFY_MUST, "3.4" },
	{ 226, VERIFY_MUST, "4.4" },         { 227, VERIFY_MUST, "4.4" },
	{ 228, VERIFY_MUST, "4.4" },         { 229, VERIFY_MUST, "4.4" },
	{ 230, VERIFY_MUST, "4.4" },         { 231, VERIFY_MUST, "4.4" },
	{ 232, VERIFY_MUST, "4.4" },         { 233, VERIFY_MUST, "4.4" },
};
const size_t verify_check_count = RV_ARRAY_LEN(verify_checks);

const struct verify_gap verify_gaps[] = {
	{ 8, 8, VERIFY_OF_SERVERS },    { 15, 15, VERIFY_NEEDS_PUSH },
	{ 28, 28, VERIFY_OF_SERVERS },  { 31, 31, VERIFY_OF_SERVERS },
	{ 34, 34, VERIFY_UNSEEN },      { 39, 39, VERIFY_OF_SERVERS },
	{ 42, 42, VERIFY_NEEDS_PUSH },  { 48, 48, VERIFY_OF_SERVERS },
	{ 50, 50, VERIFY_UNSEEN },      { 52, 54, VERIFY_UNSEEN },
	{ 59, 59, VERIFY_OF_SERVERS },  { 64, 64, VERIFY_OF_SERVERS },
	{ 65, 65, VERIFY_UNSEEN },      { 67, 68, VERIFY_UNSEEN },
	{ 70, 71, VERIFY_UNSEEN },      { 73, 73, VERIFY_UNSEEN },
	{ 78, 125, VERIFY_NEEDS_PUSH },
};
const size_t verify_gap_count = RV_ARRAY_LEN(verify_gaps);

const struct verify_check *verify_check_find(unsigned number)
{
	for (size_t i = 0; i < verify_check_count; i++) {
		if (verify_checks[i].number == number)
			return &verify_checks[i];
	}
	return NULL;
}

const char *verify_check_text(unsigned number, enum rv_lang lang)
{
	char key[24];

	snprintf(key, sizeof(key), "verify:%u", number);
	return rv_text(lang, key);
}

const char *verify_weight_name(enum verify_weight weight)
{
	return weight == VERIFY_MUST ? "MUST" : "SHOULD";
}

const char *verify_why_text(enum verify_why why, enum rv_lang lang)
{
	static const char *const keys[] = { [VERIFY_NEEDS_PUSH] = "verify:why.push",
					    [VERIFY_OF_SERVERS] = "verify:why.server",
					    [VERIFY_UNSEEN] = "verify:why.unseen" };

	return rv_text(lang, keys[why]);
}
