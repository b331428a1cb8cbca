#include <unistd.h>

#include "rsapi/rsapi.h"
#include "sim/persona.h"
#include "sim/sim.h"

enum { MODULES_MAX = 64 };

static int give_config(struct rsapi *api, const struct sim_options *o, uint32_t number,
		       const struct sim_persona *persona, struct rsapi_error *error)
{
	struct rv_buf bodies = { 0 };
	struct rv_module modules[MODULES_MAX];
	struct rv_config_set_in in = { .distid = rsapi_str(persona->distid),
				       .kind = RV_CONFIG_KIND_STARTUP,
				       .modules = modules,
				       .modules_len = o->modules };
	struct rv_config_set_out out;
	int err;

	for (uint32_t i = 0; i < o->modules; i++)
		sim_config_make(o->seed, number, i, o->bytes, &bodies);
	for (uint32_t i = 0; i < o->modules && bodies.err == RV_OK; i++)
		modules[i] = (struct rv_module){ .id = i,
						 .version = rsapi_str("1.0"),
						 .has_config = true,
						 .body = rv_strn(bodies.ptr + (size_t)i * o->bytes,
								 o->bytes) };
	err = bodies.err;
	if (err == RV_OK)
		err = rsapi_config_set(api, &in, &out, error);
	rv_buf_deinit(&bodies);
	return err;
}

static int register_one(struct rsapi *api, const struct sim_options *o, uint32_t number,
			struct rsapi_error *error)
{
	struct sim_persona persona;
	struct rv_device_create_in in = { .has_description = true,
					  .description = rsapi_str("reeve sim"),
					  .has_rs_key = true };
	struct rv_device_create_out out;
	int err;

	sim_persona_make(o->seed, number, &persona);
	in.distid = rsapi_str(persona.distid);
	in.ls_key = rsapi_str(persona.ls_key);
	in.rs_key = rsapi_str(persona.rs_key);
	err = rsapi_device_create(api, &in, &out, error);
	if (err == RV_OK || err == RV_EEXISTS)
		err = give_config(api, o, number, &persona, error);
	return err;
}

enum sim_exit sim_register(const struct sim_options *options)
{
	struct rsapi_opt opt = { .url = options->store };
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;
	int err = rsapi_open(&opt, &api, &error);

	for (uint32_t i = 0; err == RV_OK && i < options->devices; i++)
		err = register_one(api, options, options->first + i, &error);
	rsapi_close(api);
	if (err == RV_OK)
		return SIM_EXIT_OK;
	sim_error("%s", error.text[0] != '\0' ? error.text : rv_err_name(err));
	return SIM_EXIT_FAILURE;
}
