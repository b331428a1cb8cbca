/* arms_footprint: what libarms takes of memory in a device, measured from inside.
 *
 *   arms_footprint LS-ROOT.pem INITIAL-CONFIG
 *
 * Sets a context up, pulls once, asks for the push method, ends; prints `name bytes` lines for
 * scripts/footprint. Heap: malloc and its kin are replaced by ones that count, those of OpenSSL
 * apart; sizes are what the allocator really gives. Stack: the calls run in a thread whose stack is
 * painted beforehand. Nothing is kept of the config, so what is counted is the library's own.
 */
#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libarms.h>

enum { STACK_BYTES = 1024 * 1024, FILE_MAX = 16384, PAINT = 0xa5 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *p);

/* One thread works while the other waits for it, so plain numbers will do. */
static struct {
	size_t now, highest, ssl_now, ssl_at_highest;
} heap;
static int in_ssl;

static void count(void *p, int sign)
{
	size_t size = p == NULL ? 0 : malloc_usable_size(p);

	heap.now += sign < 0 ? -size : size;
	if (in_ssl)
		heap.ssl_now += sign < 0 ? -size : size;
	if (heap.now > heap.highest) {
		heap.highest = heap.now;
		heap.ssl_at_highest = heap.ssl_now;
	}
}

void *malloc(size_t size)
{
	void *p = __libc_malloc(size);

	count(p, 1);
	return p;
}

void *calloc(size_t n, size_t size)
{
	void *p = __libc_calloc(n, size);

	count(p, 1);
	return p;
}

void *realloc(void *old, size_t size)
{
	void *p;

	count(old, -1);
	p = __libc_realloc(old, size);
	count(p != NULL || size == 0 ? p : old, 1);
	return p;
}

void free(void *p)
{
	count(p, -1);
	__libc_free(p);
}

static void *ssl_malloc(size_t size, const char *file, int line)
{
	void *p;

	(void)file, (void)line;
	in_ssl = 1;
	p = malloc(size);
	in_ssl = 0;
	return p;
}

static void *ssl_realloc(void *old, size_t size, const char *file, int line)
{
	void *p;

	(void)file, (void)line;
	in_ssl = 1;
	p = realloc(old, size);
	in_ssl = 0;
	return p;
}

static void ssl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	in_ssl = 1;
	free(p);
	in_ssl = 0;
}

static int on_config(uint32_t id, const char *version, const char *infostring, int action,
		     const char *buff, size_t buff_len, int next, void *udata)
{
	(void)id, (void)version, (void)infostring, (void)action, (void)buff, (void)next;
	*(size_t *)udata += buff_len;
	return 0;
}

static int on_line(int line_action, int line_type, void *line_conf, void *udata)
{
	(void)line_type, (void)line_conf, (void)udata;
	return line_action == ARMS_LINE_ACT_DISCONNECT ? ARMS_LINE_DISCONNECTED
						       : ARMS_LINE_CONNECTED;
}

static char root[FILE_MAX], initial[FILE_MAX];
static const unsigned char *stack_top; /* below it nothing was used when the work began */

static int read_text(const char *path, char *out)
{
	FILE *f = fopen(path, "r");
	size_t len = f == NULL ? 0 : fread(out, 1, FILE_MAX - 1, f);

	if (f != NULL)
		fclose(f);
	return len > 0 ? 0 : -1;
}

static void *work(void *arg)
{
	static arms_callback_tbl_t cb = { .version = ARMS_API_VERSION,
					  .config_cb = on_config,
					  .line_ctrl_cb = on_line };
	static arms_line_conf_dhcp_t dhcp;
	static arms_line_desc_t lines[] = { { ARMS_LINE_DHCP, &dhcp }, { ARMS_LINE_NONE, NULL } };
	distribution_id_t id = { 1, 0xC0DE, 0x91, 0xA1B2C3 };
	size_t before = heap.now, config_bytes = 0;
	arms_context_t *ctx = NULL;
	int *failure = arg;

	stack_top = __builtin_frame_address(0);
	if (arms_init(&id, &ctx) != 0 || arms_register_authkey(ctx, "ls-sa-key-0123") != 0 ||
	    arms_register_cert(ctx, root) != 0 ||
	    arms_load_config(ctx, initial, strlen(initial)) != 0)
		goto out;
	printf("heap_ready %zu\n", heap.now - before);
	heap.highest = heap.now;
	if (arms_pull(ctx, 60, 0, &cb, lines, &config_bytes) != 0 ||
	    arms_push_method_query(ctx, &cb, &config_bytes) != 0)
		goto out;
	printf("heap_rest %zu\nheap_rest_openssl %zu\n", heap.now - before, heap.ssl_now);
	printf("heap_highest %zu\nheap_highest_openssl %zu\nconfig %zu\n", heap.highest - before,
	       heap.ssl_at_highest, config_bytes);
	*failure = 0;
out:
	arms_end(ctx);
	return NULL;
}

/* The stack grows down: what is not painted any more was used. */
static size_t used_of(const unsigned char *stack)
{
	size_t untouched = 0;

	while (stack + untouched < stack_top && stack[untouched] == PAINT)
		untouched++;
	return (size_t)(stack_top - stack) - untouched;
}

int main(int argc, char **argv)
{
	unsigned char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t thread;
	int failure = 1;

	if (argc != 3 || stack == MAP_FAILED || read_text(argv[1], root) < 0 ||
	    read_text(argv[2], initial) < 0 ||
	    CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1) {
		fprintf(stderr, "usage: %s LS-ROOT.pem INITIAL-CONFIG\n", argv[0]);
		return 2;
	}
	memset(stack, PAINT, STACK_BYTES);
	/* Its first line makes stdio's buffer: not the library's. */
	printf("pointer %zu\n", sizeof(void *));
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, STACK_BYTES);
	if (pthread_create(&thread, &attr, work, &failure) != 0)
		return 2;
	pthread_join(thread, NULL);
	printf("stack %zu\n", used_of(stack));
	return failure;
}
