/* json.h - messages as JSON: what the REST API and the command line speak.
 *
 *   field            JSON                          field          JSON
 *   bool u32 u64 i64 itself                        list           array
 *   id time enum     text, see text.h              struct         object
 *   str              text                          bytes          Base64 text
 *   bytes shown as text (a module's body): "text" or "base64" in place of the field's own name;
 *   giving one says that there is any, and which
 *
 * Reading is strict, and an error names the place: "modules[2].id". Secrets are read but never
 * written, unless asked for (a client's request). An optional field that is not there is left out.
 * Apart from the edges, which do not link this (it needs jansson).
 */
#ifndef RV_CONTRACT_JSON_H
#define RV_CONTRACT_JSON_H

#include "base/jsonw.h"
#include "contract/desc.h"
#include "contract/texts.h"

/* Of one JSON text, looked at before anything is made of it: a value takes up to 250 bytes in
 * memory however short it is ("{},"), and the reader may be asked by anybody. The largest message
 * is a list of 1,000 structs of up to RV_CONTRACT_FIELDS_MAX fields; structs and lists nest by
 * RV_CONTRACT_DEPTH_MAX. */
enum {
	RV_CONTRACT_JSON_VALUES_MAX = 131072, /* names of objects count, too */
	RV_CONTRACT_JSON_DEPTH_MAX = 16,
};

enum rv_contract_json_flag {
	RV_CONTRACT_JSON_LENIENT = 1
				   << 0, /* skip unknown fields and nulls: reading a newer server */
	RV_CONTRACT_JSON_SECRETS = 1 << 1, /* write secrets too */
	/* Things that say something (sentence.h) get a "text", in the one language or the other. */
	RV_CONTRACT_JSON_EN = 1 << 2,
	RV_CONTRACT_JSON_JA = 1 << 3,
};

/* A value that is put together from several sources: path, query, body, command line. */
struct rv_contract_input {
	const struct rv_contract_type *type;
	struct rv_arena *arena; /* holds everything read */
	unsigned flags;         /* enum rv_contract_json_flag */
	void *value;            /* the struct so far */
	uint32_t seen;          /* bit i: field i was given */
};

/* -ENOMEM. */
int rv_contract_input_init(struct rv_contract_input *in, const struct rv_contract_type *type,
			   struct rv_arena *arena, unsigned flags) RV_MUSTCHECK;

/* One plain field as text (text.h); for a list of str, one more item. All input is untrusted and
 * copied. RV_EINVALID: unknown name, given twice, no such value; RV_ELIMIT; -ENOMEM. */
int rv_contract_input_text(struct rv_contract_input *in, struct rv_str name, struct rv_str text,
			   struct rv_diag *diag) RV_MUSTCHECK;

/* A whole list, made by the caller and lent; n items as op->in's struct has them. RV_EINVALID: no
 * such list, or given twice. */
int rv_contract_input_list(struct rv_contract_input *in, struct rv_str name, void *items, size_t n,
			   struct rv_diag *diag) RV_MUSTCHECK;

/* "limit=10&after=..." in percent-encoding; '+' is a plus. Errors of input_text and RV_ESYNTAX. */
int rv_contract_input_query(struct rv_contract_input *in, struct rv_str query,
			    struct rv_diag *diag) RV_MUSTCHECK;

/* A JSON object with (some) fields. RV_ESYNTAX: no JSON object, with line and column;
 * RV_EINVALID: unknown field, wrong type or value, given twice; RV_ELIMIT: list too long, too many
 * values, too deep. */
int rv_contract_input_json(struct rv_contract_input *in, struct rv_str json,
			   struct rv_diag *diag) RV_MUSTCHECK;

/* Nothing more comes: what is missing, what is out of range? *out is filled only on RV_OK. */
int rv_contract_input_end(struct rv_contract_input *in, void *out,
			  struct rv_diag *diag) RV_MUSTCHECK;

/* All of it in one JSON text: init, json, end. */
int rv_contract_json_read(const struct rv_contract_type *type, struct rv_str json, unsigned flags,
			  struct rv_arena *arena, void *out, struct rv_diag *diag) RV_MUSTCHECK;

/* RV_CONTRACT_JSON_EN or _JA. */
unsigned rv_contract_json_lang(enum rv_lang lang);

/* The value as one JSON object; fields in `skip` (bit i: field i) are left out. */
void rv_contract_json_write(const struct rv_contract_type *type, const void *value, unsigned flags,
			    uint32_t skip, struct rv_jsonw *w);

#endif
