#include "sim/virtual/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "server/armsfront/front.h"
#include "server/ls/ls.h"
#include "server/proxy/proxy.h"
#include "server/rs/rs.h"

/* -- what the duties are told --------------------------------------------------------------- */

static const char rs_text[] = "rs {\n"
			      "\tpull_urls = {\"https://192.0.2.11/arms\", "
			      "\"https://[2001:db8::12]/arms\"}\n"
			      "\tlocation_urls = {\"https://192.0.2.11/arms\", "
			      "\"https://192.0.2.12/arms\", \"https://[2001:db8::11]/arms\"}\n"
			      "\tlines = {\"dhcp\", \"ra\"}\n"
			      "\trs_retry_max = 3\n"
			      "\trs_retry_interval = 20s\n"
			      "\tconfig_refusals_max = 0\n"
			      "}\n"
			      "ca {\n\tcertificate = \"rs-ca.crt\"\n\tkey = \"\"\n}\n";
static const char ls_text[] = "ls {\n\tcertificate = \"\"\n\tkey = \"\"\n}\n";
static const char proxy_text[] = "proxy {\n\tclient_ca = \"\"\n}\n";

static const struct plan {
	const char *name;
	const struct rv_duty_code *code;
	unsigned instance;
	int machine;
	const char *store, *text;
} plans[] = {
	{ "rs", &rv_rs_code, 0, VW_RS, "rs.db", rs_text },
	{ "ca", &vw_ca_code, 0, VW_RS, NULL, NULL },
	{ "proxy", &rv_proxy_code, 0, VW_RS, NULL, proxy_text },
	{ "proxy", &rv_proxy_code, 1, VW_RS, NULL, proxy_text },
	{ "lsstore", &rv_lsstore_code, 0, VW_LS, "ls.db", ls_text },
	{ "ls", &rv_ls_code, 0, VW_LS, NULL, ls_text },
	{ "rsapi", NULL, 0, VW_RS, NULL, NULL },
};

static int read_conf(struct vw_site *site, struct vw_proc *proc, const char *text,
		     struct rv_conf **out)
{
	static const char *const rs_files[] = { "ca.certificate", NULL };
	struct rv_diag diag = { 0 };
	int err = rv_conf_parse(proc->code->schema, proc->code->schema_count, rv_str(text),
				"virtual", out, &diag);

	if (err == RV_OK && proc->code == &rv_rs_code)
		err = rv_conf_files_read(*out, rs_files, proc->machine->state_dir, &diag);
	if (err != RV_OK)
		vw_complain(site->world, "start", "%s: %s: %s", proc->label, rv_err_name(err),
			    diag.text);
	return err;
}

/* lib/tls is not asked: connections carry plain bytes here, and who is whom is a fact. */
int rv_front_tls(const struct rv_conf *conf, const struct rv_front_tls_opt *how,
		 struct rv_tls_ctx **out, struct rv_diag *diag)
{
	(void)conf;
	(void)how;
	(void)diag;
	*out = NULL;
	return RV_OK;
}

/* -- making --------------------------------------------------------------------------------- */

static int write_root(const struct vw_machine *machine)
{
	char path[VW_PATH_MAX];
	FILE *file;
	int err = RV_OK;

	snprintf(path, sizeof(path), "%s/rs-ca.crt", machine->state_dir);
	file = fopen(path, "we");
	if (file == NULL)
		return rv_err_from_errno();
	if (fputs(vw_rs_root, file) < 0)
		err = rv_err_from_errno();
	if (fclose(file) != 0 && err == RV_OK)
		err = rv_err_from_errno();
	return err;
}

static int make_machine(struct vw_site *site, int i, const char *name)
{
	struct vw_machine *m = &site->machines[i];

	*m = (struct vw_machine){ .site = site, .name = name, .is_on = true, .disk_slow_us = 2000 };
	snprintf(m->state_dir, sizeof(m->state_dir), "%s/%s", site->dir, name);
	if (mkdir(m->state_dir, 0700) != 0)
		return rv_err_from_errno();
	m->disk = vw_disk_new(site->world, m->state_dir);
	return write_root(m);
}

static int make_proc(struct vw_site *site, const struct plan *plan)
{
	size_t i = site->proc_count++;
	struct vw_proc *p = &site->procs[i];

	*p = (struct vw_proc){ .site = site,
			       .world = site->world,
			       .machine = &site->machines[plan->machine],
			       .code = plan->code,
			       .instance = plan->instance,
			       .has_store = plan->store != NULL,
			       .store = plan->store };
	p->duty = vw_duty_new(p);
	rv_str_copy(rv_str(plan->name), p->name, sizeof(p->name));
	snprintf(p->label, sizeof(p->label), "%.20s.%u", plan->name, plan->instance);
	if (plan->code == NULL)
		site->api = p;
	if (plan->text == NULL)
		return RV_OK;
	int err = read_conf(site, p, plan->text, &site->confs[i]);
	p->conf = site->confs[i];
	return err;
}

int vw_site_open(struct vw_site *site, struct vw_world *w, struct vw_net *net)
{
	const char *tmp = getenv("TMPDIR");
	int err;

	*site = (struct vw_site){ .world = w, .net = net, .bus_slow_us = 500 };
	snprintf(site->dir, sizeof(site->dir), "%.90s/reeve-sim-XXXXXX",
		 tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	if (mkdtemp(site->dir) == NULL) {
		site->dir[0] = '\0';
		return rv_err_from_errno();
	}
	err = make_machine(site, VW_LS, "ls");
	if (err == RV_OK)
		err = make_machine(site, VW_RS, "rs");
	for (size_t i = 0; i < RV_ARRAY_LEN(plans) && err == RV_OK; i++)
		err = make_proc(site, &plans[i]);
	return err;
}

void vw_site_start(struct vw_site *site)
{
	for (size_t i = 0; i < site->proc_count; i++)
		vw_proc_start(&site->procs[i]);
}

struct vw_proc *vw_site_find(struct vw_site *site, const char *name, unsigned instance)
{
	for (size_t i = 0; i < site->proc_count; i++)
		if (site->procs[i].instance == instance && strcmp(site->procs[i].name, name) == 0)
			return &site->procs[i];
	return NULL;
}

/* -- coming back ---------------------------------------------------------------------------- */

enum { RESTART_MIN_US = 50000, RESTART_MAX_US = 3000000, DARK_MAX_US = 40000000 };

static void restart(void *arg)
{
	vw_proc_start(arg);
}

void vw_site_lost(struct vw_site *site, struct vw_proc *proc)
{
	int64_t us = vw_between(site->world, VW_FAULT, RESTART_MIN_US,
				site->is_calm ? RESTART_MIN_US : RESTART_MAX_US);

	vw_post(site->world, proc->down_us > 0 && !site->is_calm ? proc->down_us : us, restart,
		proc);
	proc->down_us = 0;
}

static void power_back(void *arg)
{
	struct vw_machine *machine = arg;
	struct vw_site *site = machine->site;

	machine->is_on = true;
	vw_note(site->world, machine->name, "has power again", 0, 0);
	for (size_t i = 0; i < site->proc_count; i++)
		if (site->procs[i].machine == machine)
			vw_proc_start(&site->procs[i]);
}

void vw_site_dark(struct vw_site *site, struct vw_machine *machine)
{
	int64_t us = vw_between(site->world, VW_FAULT, RESTART_MIN_US, DARK_MAX_US);

	vw_post(site->world, machine->dark_us > 0 ? machine->dark_us : us, power_back, machine);
	machine->dark_us = 0;
}

/* -- the end -------------------------------------------------------------------------------- */

static void remove_dir(const char *dir)
{
	static const char *const names[] = { "rs-ca.crt", "secret.key", "secret.key.lock" };
	char path[VW_PATH_MAX];

	for (size_t i = 0; i < RV_ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%.220s/%s", dir, names[i]);
		if (unlink(path) != 0 && errno != ENOENT)
			perror(path);
	}
	if (rmdir(dir) != 0 && errno != ENOENT)
		perror(dir);
}

void vw_site_close(struct vw_site *site)
{
	for (size_t i = 0; i < site->proc_count; i++) {
		vw_proc_discard(&site->procs[i]);
		rv_conf_free(site->confs[i]);
		free(site->procs[i].duty);
	}
	for (size_t i = 0; i < VW_MACHINES; i++) {
		vw_disk_free(site->machines[i].disk);
		if (site->machines[i].state_dir[0] != '\0')
			remove_dir(site->machines[i].state_dir);
	}
	if (site->dir[0] != '\0')
		remove_dir(site->dir);
	rv_buf_deinit(&site->saboteur.last_pull);
	for (size_t i = 0; i < VW_STALE_MAX; i++)
		rv_buf_deinit(&site->saboteur.first_pulls[i]);
}
