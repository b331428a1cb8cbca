/* root_pem.h - a self-signed P-256 root, "CN=ARMS Root CA test"; its key was thrown away. */
#ifndef RV_TEST_DEVICE_LIBARMS_ROOT_PEM_H
#define RV_TEST_DEVICE_LIBARMS_ROOT_PEM_H

static const char root[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBjzCCATWgAwIBAgIULm7rTSN2v8plsokc9efQbX2uIIwwCgYIKoZIzj0EAwIw\n"
			   "HDEaMBgGA1UEAwwRQVJNUyBSb290IENBIHRlc3QwIBcNMjYxMTIyMTg1MjQ1WhgP\n"
			   "MjEyNjEwMjkxODUyNDVaMBwxGjAYBgNVBAMMEUFSTVMgUm9vdCBDQSB0ZXN0MFkw\n"
			   "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExrmdXIHRuwr0Rh6tNndg3zeyHqzUGhEs\n"
			   "FA5JVIekxFVFV2kNwVB5+eJ0ccCMyuxQYqcINRETjRbIQHSdh6Z0MKNTMFEwHQYD\n"
			   "VR0OBBYEFBt7uK7HY0vMPJGbx3bF8MqU/BPVMB8GA1UdIwQYMBaAFBt7uK7HY0vM\n"
			   "PJGbx3bF8MqU/BPVMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh\n"
			   "AM+8vU5zd2LruYLmRbcgvAE/1zVDC1x4MTDJReR/do6yAiBpPj2ke+BnbteH3O51\n"
			   "wjZ63s/PEHpWyU3CDqq0YlTMvA==\n"
			   "-----END CERTIFICATE-----\n";

#endif
