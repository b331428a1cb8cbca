/* The duty ca, without cryptography: a certificate and its key are two texts that name the device
 * and the same number, so that a device can tell whether it was given a pair of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "contract/rv_contract.h"
#include "pki/chain.h"
#include "sim/virtual/site.h"

enum { ARENA_MAX = 1024 * 1024, TEXT_MAX = 192, MANY_MAX = 64 };

static const int64_t LIFETIME_US = INT64_C(825) * 86400 * RV_US_PER_SEC;

/* A root that really is one, for the rs that looks into it. Its key is nowhere. */
const char vw_rs_root[] = "-----BEGIN CERTIFICATE-----\n"
			  "MIIBkjCCATmgAwIBAgIUIYDw6h/fMx1R1njRiFQKTmIFmIcwCgYIKoZIzj0EAwIw\n"
			  "FjEUMBIGA1UEAwwLUmVldmUgUlMgQ0EwIBcNMjYxMTIzMDA0MzM2WhgPMjEyNjEw\n"
			  "MzAwMDQzMzZaMBYxFDASBgNVBAMMC1JlZXZlIFJTIENBMFkwEwYHKoZIzj0CAQYI\n"
			  "KoZIzj0DAQcDQgAEhuK+LRFyl4HJNCnnZUNs4fTqFt3n1fvwtpTU7wa1DTQCSVIm\n"
			  "NUjTg3dIGviJsgJn+8MYs9wCixJJI4vyZ2IrSaNjMGEwHQYDVR0OBBYEFHjORQOD\n"
			  "/EJEvqC1CUCM1GO5ArkxMB8GA1UdIwQYMBaAFHjORQOD/EJEvqC1CUCM1GO5Arkx\n"
			  "MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0cA\n"
			  "MEQCIEi3ihIxcVKZ7GZYZB1iTMJRYQ/unm0A6MmHv72i9w2tAiBZraf1OHHgzd7n\n"
			  "/pwXnJqA53rPdP2FOEBLokR+wCR1HA==\n"
			  "-----END CERTIFICATE-----\n";

const char vw_ls_root[] = "-----BEGIN CERTIFICATE-----\nls root\n-----END CERTIFICATE-----\n";

struct ca {
	struct rv_duty *duty;
	uint64_t issued;
	char print[80];
};

static bool issue(struct ca *ca, struct rv_arena *arena, struct rv_str distid,
		  struct rv_ca_issued *out)
{
	int64_t now_us = rv_time_utc_us();
	uint64_t serial;

	rv_rand_secret(&serial, sizeof(serial));
	ca->issued++;
	*out = (struct rv_ca_issued){
		.certificate_pem = rv_str(rv_arena_printf(
			arena,
			"-----BEGIN CERTIFICATE-----\n%.*s %016" PRIx64 "\n-----END "
			"CERTIFICATE-----\n",
			RV_STR_ARG(distid), serial)),
		.private_key_pem = rv_str(rv_arena_printf(
			arena,
			"-----BEGIN PRIVATE KEY-----\n%.*s %016" PRIx64 "\n-----END PRIVATE "
			"KEY-----\n",
			RV_STR_ARG(distid), serial)),
		.serial = rv_str(rv_arena_printf(arena, "%016" PRIX64, serial)),
		.expires_at = now_us + LIFETIME_US,
		.not_before = now_us,
		.subject = distid,
		.issuer = RV_STR_LIT("CN=Reeve RS CA"),
		.key = RV_STR_LIT("P-256"),
		.ca = rv_str(ca->print),
	};
	return out->certificate_pem.ptr != NULL && out->private_key_pem.ptr != NULL;
}

static void on_issue(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct ca *ca = arg;
	struct rv_ca_issue_sa_in in;
	struct rv_ca_issue_sa_out out = { .has_issued = true };
	struct rv_buf reply = { 0 };
	struct rv_arena arena;
	int err;

	rv_arena_init(&arena, ARENA_MAX);
	err = rv_ca_issue_sa_in_decode(body, &arena, &in);
	if (err == RV_OK && !issue(ca, &arena, in.distid, &out.issued))
		err = RV_ELIMIT;
	if (err == RV_OK) {
		out.certificate_pem = out.issued.certificate_pem;
		out.private_key_pem = out.issued.private_key_pem;
		out.expires_at = out.issued.expires_at;
		rv_ca_issue_sa_out_encode(&out, &reply);
	}
	rv_bus_reply(call, err, rv_buf_str(&reply));
	rv_buf_deinit(&reply);
	rv_arena_deinit(&arena);
}

static void on_issue_many(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct ca *ca = arg;
	struct rv_ca_issue_many_in in;
	struct rv_ca_issued issued[MANY_MAX];
	struct rv_ca_issue_many_out out = { .issued = issued };
	struct rv_buf reply = { 0 };
	struct rv_arena arena;
	int err;

	rv_arena_init(&arena, ARENA_MAX);
	err = rv_ca_issue_many_in_decode(body, &arena, &in);
	for (size_t i = 0; err == RV_OK && i < in.distids_len && i < MANY_MAX; i++) {
		if (!issue(ca, &arena, in.distids[i], &issued[i]))
			err = RV_ELIMIT;
		out.issued_len = i + 1;
	}
	if (err == RV_OK)
		rv_ca_issue_many_out_encode(&out, &reply);
	rv_bus_reply(call, err, rv_buf_str(&reply));
	rv_buf_deinit(&reply);
	rv_arena_deinit(&arena);
}

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	struct ca *ca = vw_alloc(1, sizeof(*ca));
	struct rv_pki_info info;
	int err = rv_pki_inspect(rv_str(vw_rs_root), &info, diag);

	if (err == RV_OK)
		err = rv_bus_serve(rv_duty_bus(duty), "ca.issue-sa", on_issue, ca);
	if (err == RV_OK)
		err = rv_bus_serve(rv_duty_bus(duty), "ca.issue-many", on_issue_many, ca);
	if (err != RV_OK) {
		free(ca);
		return err;
	}
	ca->duty = duty;
	rv_str_copy(rv_str(info.print), ca->print, sizeof(ca->print));
	*state = ca;
	return RV_OK;
}

static void stop(void *state)
{
	struct ca *ca = state;
	struct rv_duty *duty = ca->duty;

	free(ca);
	rv_duty_stopped(duty);
}

const struct rv_duty_code vw_ca_code = { .start = start, .stop = stop };
