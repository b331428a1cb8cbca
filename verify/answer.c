#include "verify/answer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "proto/armsconf/location.h"
#include "proto/armsxml/build.h"
#include "proto/armsxml/code.h"

enum {
	CHUNK = 7,   /* bytes */
	LINE = 1024, /* of a header line, its end included */
	LONG_CONFIG = 70000,
	DRIP = 8, /* bytes each second: some 900 of a document would take two minutes */
	TOO_LONG = 999999,
};

/* -- documents ------------------------------------------------------------------------------ */

/* The lines and certificates of one rs-info. */
static int put_location(const struct verify_world *world, const struct verify_ls_says *says,
			size_t index, struct rv_buf *out, struct rv_diag *diag)
{
	static const struct rv_armsconf_line dhcp = { .kind = RV_ARMSCONF_LINE_DHCP };
	static const struct rv_armsconf_line any = { .kind = RV_ARMSCONF_LINE_RA };
	const struct rv_armsconf_line *line = world->rs_host[0] == '[' ? &any : &dhcp;
	struct rv_str ca = says->second_has_ca && index == 1 ? world->foreign_ca : world->rs_ca;

	return rv_armsconf_location_render(line, says->no_line ? 0 : 1,
					   says->no_certificate ? rv_str("") : ca, out, diag);
}

static const char *url_of(const struct verify_world *world, const struct verify_step *step,
			  enum verify_place place)
{
	return place == VERIFY_RS1 && step->is_rs1_path_long ? world->long_url : world->urls[place];
}

static int build_ls(const struct verify_world *world, const struct verify_step *step,
		    const struct verify_reply *reply, struct rv_buf *out, struct rv_diag *diag)
{
	static const uint8_t usual[] = { VERIFY_RS1, VERIFY_RS2 };
	const struct verify_ls_says *says = &reply->ls;
	size_t count = says->rs_count > 0 ? says->rs_count : RV_ARRAY_LEN(usual);
	const uint8_t *places = says->rs_count > 0 ? says->rs : usual;
	struct rv_buf texts[RV_ARMSXML_URLS_MAX] = { 0 };
	struct rv_armsxml_response res = {
		.type = RV_ARMSXML_RS_SOLICITATION,
		.code = { true, RV_ARMS_SUCCESS },
		.rs_key = rv_str(says->has_other_key ? world->other_rs_key : world->rs_key),
		.ll_timeout = { true, 30 },
		.rs_retry_max = { true, says->retry_max },
		.rs_retry_interval = { true, says->retry_interval > 0 ? says->retry_interval : 1 },
		.rs_count = count,
	};
	int err = RV_OK;

	for (size_t i = 0; i < count && err == RV_OK; i++) {
		err = put_location(world, says, i, &texts[i], diag);
		res.rs[i].url = rv_str(url_of(world, step, places[i]));
		res.rs[i].md_config = rv_buf_str(&texts[i]);
	}
	/* No line and no certificate would be an empty text, which the builder refuses rightly. */
	if (err == RV_OK)
		err = rv_armsxml_build_response(&res, out, diag);
	for (size_t i = 0; i < count; i++)
		rv_buf_deinit(&texts[i]);
	return err;
}

static int build_rs(const struct verify_world *world, const struct verify_reply *reply,
		    struct rv_buf *out, struct rv_diag *diag)
{
	struct rv_buf config = { 0 };
	struct rv_armsxml_module module = { .id = 1,
					    .version = RV_STR_LIT("1.0"),
					    .infostring = RV_STR_LIT("verify"),
					    .has_config = true };
	struct rv_armsxml_response res = {
		.type = RV_ARMSXML_CONFIG_SOLICITATION,
		.code = { true, RV_ARMS_SUCCESS },
		.heartbeats = { { .host = RV_STR_LIT("127.0.0.1"),
				  .port = { true, 9 }, /* discard: no heartbeat is judged yet */
				  .passphrase = RV_STR_LIT("verify"),
				  .interval = { true, 60 },
				  .algorithms = { RV_STR_LIT("hmac-sha1") },
				  .algorithm_count = 1 } },
		.heartbeat_count = 1,
		.modules = &module,
		.module_count = 1,
	};
	int err;

	rv_buf_puts(&config, "hostname verify\n");
	while (reply->has_long_config && config.err == RV_OK && config.len < LONG_CONFIG)
		rv_buf_printf(&config, "line %zu of a long config\n", config.len);
	module.config = rv_buf_str(&config);
	for (size_t i = 0; i < (reply->pull_urls > 0 ? reply->pull_urls : 1u); i++)
		res.pull_urls.item[res.pull_urls.count++] = rv_str(world->urls[VERIFY_RS1 + i]);
	if (reply->has_identity) {
		res.sa_certificate = world->sa_certificate;
		res.sa_private_key = world->sa_key;
	}
	err = config.err != RV_OK ? config.err : rv_armsxml_build_response(&res, out, diag);
	rv_buf_deinit(&config);
	return err;
}

static int build_query(const struct verify_world *world, struct rv_buf *out, struct rv_diag *diag)
{
	const struct rv_armsxml_response res = {
		.type = RV_ARMSXML_PUSH_METHOD_QUERY,
		.code = { true, RV_ARMS_SUCCESS },
		.methods = { { RV_STR_LIT("https-tunnel") }, 1 },
		.tunnel_urls = { { rv_str(world->urls[VERIFY_DOWN]) }, 1 },
		.echo_interval = { true, 60 },
	};

	return rv_armsxml_build_response(&res, out, diag);
}

static int build_code(enum rv_armsxml_type type, int code, struct rv_buf *out, struct rv_diag *diag)
{
	const struct rv_armsxml_response res = { .type = type, .code = { true, code } };

	return rv_armsxml_build_response(&res, out, diag);
}

/* -- edits ---------------------------------------------------------------------------------- */

static int edit(struct rv_buf *doc, const char *from, struct rv_str to)
{
	const char *at = memmem(doc->ptr, doc->len, from, strlen(from));
	struct rv_buf out = { 0 };
	size_t before;

	if (at == NULL)
		return RV_EINVALID;
	before = (size_t)(at - doc->ptr);
	rv_buf_put(&out, doc->ptr, before);
	rv_buf_put_str(&out, to);
	rv_buf_put_str(&out, rv_str_sub(rv_buf_str(doc), before + strlen(from), doc->len));
	if (out.err != RV_OK) {
		rv_buf_deinit(&out);
		return -ENOMEM;
	}
	rv_buf_deinit(doc);
	*doc = out;
	return RV_OK;
}

/* "{rs2}" and "{host}". */
static void put_url(const struct verify_world *world, const char *url, struct rv_buf *out)
{
	const char *brace = strchr(url, '{');

	if (brace == NULL) {
		rv_buf_puts(out, url);
		return;
	}
	rv_buf_put(out, url, (size_t)(brace - url));
	rv_buf_puts(out, brace[1] == 'r' ? world->rs2_authority : world->rs_host);
	rv_buf_puts(out, strchr(brace, '}') + 1);
}

/* Another rs-info before the first one, with the same text. */
static int put_odd_url(const struct verify_world *world, const struct verify_ls_says *says,
		       struct rv_buf *doc)
{
	struct rv_buf info = { 0 };
	struct rv_diag diag;
	int err;

	rv_buf_puts(&info, "<rs-info><url>");
	put_url(world, says->odd_url, &info);
	rv_buf_puts(&info, "</url><md-config>");
	err = put_location(world, says, 0, &info, &diag);
	rv_buf_puts(&info, "</md-config></rs-info><rs-info>");
	if (err == RV_OK)
		err = info.err;
	if (err == RV_OK)
		err = edit(doc, "<rs-info>", rv_buf_str(&info));
	rv_buf_deinit(&info);
	return err;
}

/* What the builder would refuse, rightly. */
static int spoil(const struct verify_world *world, const struct verify_reply *reply,
		 struct rv_buf *doc)
{
	int err = RV_OK;

	if (reply->ls.odd_url != NULL)
		err = put_odd_url(world, &reply->ls, doc);
	if (err == RV_OK && reply->no_method)
		err = edit(doc, ">https-tunnel<", rv_str(">carrier-pigeon<"));
	if (err == RV_OK && reply->no_tunnel_url)
		err = edit(doc, "<https-tunnel-url>", rv_str("<x>"));
	if (err == RV_OK && reply->no_tunnel_url)
		err = edit(doc, "</https-tunnel-url>", rv_str("</x>"));
	for (size_t i = 0; i < RV_ARRAY_LEN(reply->edits) && err == RV_OK; i++) {
		if (reply->edits[i].from != NULL)
			err = edit(doc, reply->edits[i].from, rv_str(reply->edits[i].to));
	}
	return err;
}

static int build(const struct verify_world *world, enum rv_armsxml_type type,
		 const struct verify_step *step, const struct verify_reply *reply,
		 struct rv_buf *doc)
{
	struct rv_diag diag;
	int err;

	if (reply->code != 0)
		err = build_code(type, reply->code, doc, &diag);
	else if (type == RV_ARMSXML_RS_SOLICITATION)
		err = build_ls(world, step, reply, doc, &diag);
	else if (type == RV_ARMSXML_CONFIG_SOLICITATION)
		err = build_rs(world, reply, doc, &diag);
	else
		err = build_query(world, doc, &diag);
	return err != RV_OK ? err : spoil(world, reply, doc);
}

/* What a truncated RS answer lacks: the last bytes of the config, and all end tags. */
#define CUT "erify\n</md-config></config-solicitation-response></arms-response></arms-message>"

/* -- wire ----------------------------------------------------------------------------------- */

static void put_chunks(struct rv_buf *out, struct rv_str doc, enum verify_wire wire)
{
	bool is_odd = wire == VERIFY_WIRE_CHUNK_ODD;

	while (doc.len > 0) {
		struct rv_str data = rv_str_sub(doc, 0,
						wire == VERIFY_WIRE_CHUNKS ? CHUNK : doc.len);

		rv_buf_printf(out, "%s%zx%s\r\n", is_odd ? "000" : "", data.len,
			      is_odd ? ";name=value" : "");
		rv_buf_put_str(out, data);
		rv_buf_puts(out, "\r\n");
		doc = rv_str_sub(doc, data.len, doc.len);
	}
	rv_buf_puts(out, "0\r\n\r\n");
}

static void put_long_line(struct rv_buf *out)
{
	static const char begin[] = "X-Long: ";

	rv_buf_puts(out, begin);
	for (size_t i = 0; i < LINE - strlen(begin) - strlen("\r\n"); i++)
		rv_buf_putc(out, 'x');
	rv_buf_puts(out, "\r\n");
}

static void put_plain(struct rv_buf *out, int status, size_t length, const char *end)
{
	rv_buf_printf(out, "HTTP/1.1 %d %s%s", status, status < 400 ? "OK" : "No", end);
	rv_buf_printf(out, "Content-Type: text/xml%s", end);
	rv_buf_printf(out, "Content-Length: %zu%s", length, end);
	rv_buf_printf(out, "Connection: close%s%s", end, end);
}

static void put_chunked(struct rv_buf *out, struct rv_str doc, enum verify_wire wire)
{
	rv_buf_puts(out, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n");
	rv_buf_puts(out, wire == VERIFY_WIRE_CHUNK_LOWER ? "transfer-encoding: chunked\r\n\r\n"
							 : "Transfer-Encoding: chunked\r\n\r\n");
	put_chunks(out, doc, wire);
}

static void put_wire(struct rv_str doc, const struct verify_reply *reply,
		     struct verify_delivery *out)
{
	static const char page[] = "<html><body>Please log in</body></html>";
	int status = reply->status > 0 ? reply->status : 200;
	struct rv_buf *bytes = &out->bytes;

	switch (reply->wire) {
	case VERIFY_WIRE_CLOSE:
		return;
	case VERIFY_WIRE_CHUNK:
	case VERIFY_WIRE_CHUNKS:
	case VERIFY_WIRE_CHUNK_LOWER:
	case VERIFY_WIRE_CHUNK_ODD:
		put_chunked(bytes, doc, reply->wire);
		return;
	case VERIFY_WIRE_HTTP10:
		rv_buf_puts(bytes, "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n");
		break;
	case VERIFY_WIRE_BARE_LF:
		put_plain(bytes, status, doc.len, "\n");
		break;
	case VERIFY_WIRE_HTML:
		doc = rv_str(page);
		put_plain(bytes, status, doc.len, "\r\n");
		break;
	case VERIFY_WIRE_HELD:
		out->stays_open = true;
		put_plain(bytes, status, TOO_LONG, "\r\n");
		break;
	case VERIFY_WIRE_CONTINUE:
		rv_buf_puts(bytes, "HTTP/1.1 100 Continue\r\n\r\n");
		put_plain(bytes, status, doc.len, "\r\n");
		break;
	case VERIFY_WIRE_LONG_LINE:
		rv_buf_puts(bytes, "HTTP/1.1 200 OK\r\n");
		put_long_line(bytes);
		rv_buf_printf(bytes, "Content-Length: %zu\r\n\r\n", doc.len);
		break;
	case VERIFY_WIRE_PLAIN:
	case VERIFY_WIRE_PIECES:
	case VERIFY_WIRE_DRIBBLE:
	case VERIFY_WIRE_TRUNCATED:
		put_plain(bytes, status, doc.len, "\r\n");
		break;
	}
	rv_buf_put_str(bytes, reply->wire == VERIFY_WIRE_TRUNCATED
				      ? rv_str_sub(doc, 0, doc.len - strlen(CUT))
				      : doc);
}

int verify_answer(const struct verify_world *world, enum rv_armsxml_type type,
		  const struct verify_step *step, const struct verify_reply *reply,
		  struct verify_delivery *out)
{
	struct rv_buf doc = { 0 };
	int err;

	assert(type < RV_ARMSXML_TYPE_COUNT);
	err = build(world, type, step, reply, &doc);
	if (err == RV_OK) {
		out->bytes.max = VERIFY_ANSWER_MAX;
		put_wire(rv_buf_str(&doc), reply, out);
		out->piece = reply->wire == VERIFY_WIRE_PIECES    ? 1
			     : reply->wire == VERIFY_WIRE_DRIBBLE ? DRIP
								  : 0;
		out->gap_us = reply->wire == VERIFY_WIRE_DRIBBLE ? RV_US_PER_SEC : 0;
		err = out->bytes.err;
	}
	rv_buf_deinit(&doc);
	return err;
}
