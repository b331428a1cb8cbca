/* devices.c - every device of a Resource Server, one line each.
 *
 *   cc devices.c $(pkg-config --cflags --libs librsapi) -o devices
 *   ./devices unix:/var/lib/reeve/bus.sock
 *   ./devices https://rs.example.net:8080 TOKEN ca.crt
 */
#include <rsapi.h>
#include <stdio.h>

static void print_device(const struct rv_device *d)
{
	printf("%.*s  %.*s\n", (int)d->distid.len, d->distid.ptr, (int)d->description.len,
	       d->description.ptr);
}

static int print_all(struct rsapi *api, struct rsapi_error *error)
{
	struct rv_device_list_in in = { .has_limit = true, .limit = 100 };
	struct rv_device_list_out page;
	char after[64];
	int r;

	do {
		r = rsapi_device_list(api, &in, &page, error);
		if (r != RV_OK)
			return r;
		for (size_t i = 0; i < page.devices_len; i++)
			print_device(&page.devices[i]);
		/* Kept by us: the next call takes back what this one gave. */
		snprintf(after, sizeof(after), "%.*s", (int)page.next.len, page.next.ptr);
		in.has_after = true;
		in.after = rsapi_str(after);
	} while (in.after.len > 0);
	return RV_OK;
}

int main(int argc, char **argv)
{
	struct rsapi_opt opt = { .url = argc > 1 ? argv[1] : "",
				 .token = argc > 2 ? argv[2] : NULL,
				 .ca_file = argc > 3 ? argv[3] : NULL };
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;
	int r = rsapi_open(&opt, &api, &error);

	if (r == RV_OK)
		r = print_all(api, &error);
	if (r != RV_OK)
		fprintf(stderr, "%s: %s\n", rv_err_name(error.code), error.text);
	rsapi_close(api);
	return r != RV_OK;
}
