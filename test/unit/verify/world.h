/* The servers that a step's documents speak of. */
#ifndef RV_TEST_VERIFY_WORLD_H
#define RV_TEST_VERIFY_WORLD_H

#include "verify/answer.h"

/* No certificates, but what the text of one looks like. */
#define TEST_PEM(name) "-----BEGIN CERTIFICATE-----\nMII" name "\n-----END CERTIFICATE-----\n"

static inline struct verify_world test_world(void)
{
	static const char *const paths[] = {
		"ls1", "ls2", "rs1", "rs2", "rs3", "rs4", "rs5", "down"
	};
	struct verify_world world = {
		.long_url = "https://127.0.0.1:7002/"
			    "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
			    "ppppppppp",
		.rs_host = "127.0.0.1",
		.rs2_authority = "127.0.0.1:7003",
		.rs_key = "rs-key-1",
		.other_rs_key = "rs-key-2",
		.rs_ca = RV_STR_LIT(TEST_PEM("AAAA")),
		.foreign_ca = RV_STR_LIT(TEST_PEM("BBBB")),
		.sa_certificate = RV_STR_LIT(TEST_PEM("CCCC")),
		.sa_key = RV_STR_LIT("-----BEGIN PRIVATE KEY-----\nMIIDDDD\n-----END PRIVATE "
				     "KEY-----\n"),
	};

	for (unsigned i = 0; i < VERIFY_PLACES; i++)
		snprintf(world.urls[i], VERIFY_URL_MAX, "https://127.0.0.1:%u/%s", 7000 + i,
			 paths[i]);
	return world;
}

#endif
