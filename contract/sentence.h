/* sentence.h - what a thing says to people, made of its kind and its values.
 *
 *   incident { kind: config_held, subject: "...", parameters: [{name: "config", value: "cfg_..."}]
 * } "sentence:incident_kind.config_held" -> "The device refused startup config {config} ..."
 *
 * A type of the contract that names a "sentence" field (an enum) has one text for each word of it
 * in texts/sentences.json; {x} in it stands for the parameter x, or else for the field x (a str).
 * So stores and messages hold values only, and each reader gets his language. Pure.
 */
#ifndef RV_CONTRACT_SENTENCE_H
#define RV_CONTRACT_SENTENCE_H

#include "contract/desc.h"
#include "contract/texts.h"

/* Append the sentence; a value that is not there is "?". False, and nothing appended: things of
 * this type say nothing, or this kind is of a newer version. */
bool rv_contract_sentence(const struct rv_contract_type *type, const void *value, enum rv_lang lang,
			  struct rv_buf *out);

#endif
