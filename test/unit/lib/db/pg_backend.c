#include "pg_backend.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	FILE *to;
	FILE *from;
	pid_t pid;
	char dir[PG_DIR_MAX];
	unsigned stores;
	char spare[URL_MAX]; /* of a store that was dropped; empty: none */
} server;

static void read_line(char *out, size_t size)
{
	alarm(HANG_S);
	if (fgets(out, (int)size, server.from) == NULL)
		out[0] = '\0';
	alarm(0);
	out[strcspn(out, "\n")] = '\0';
}

static void run_script(const int to[static 2], const int from[static 2])
{
	char path[1024];
	const char *src = getenv("REEVE_SRC");

	snprintf(path, sizeof(path), "%s/test/support/pgserver.py", src != NULL ? src : ".");
	dup2(to[0], STDIN_FILENO);
	dup2(from[1], STDOUT_FILENO);
	closefrom(STDERR_FILENO + 1);
	execlp("python3", "python3", path, (char *)NULL);
	_exit(127);
}

bool pg_start(void)
{
	int to[2];
	int from[2];
	char line[PG_DIR_MAX + 16];

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	server.pid = fork();
	assert_true(server.pid >= 0);
	if (server.pid == 0)
		run_script(to, from);
	close(to[0]);
	close(from[1]);
	server.to = fdopen(to[1], "w");
	server.from = fdopen(from[0], "r");
	read_line(line, sizeof(line));
	if (strcmp(line, "missing") == 0) {
		pg_stop();
		print_message("1..0 # SKIP PostgreSQL is not installed\n");
		return false;
	}
	if (sscanf(line, "ready %63s", server.dir) != 1)
		fail_msg("pgserver.py said '%s'", line);
	return true;
}

void pg_stop(void)
{
	fclose(server.to);
	fclose(server.from);
	waitpid(server.pid, NULL, 0);
}

bool pg_is_asked_for(void)
{
	const char *db = getenv("REEVE_TEST_DB");

	return db != NULL && strcmp(db, "postgresql") == 0;
}

void pg_fresh(char url[static URL_MAX])
{
	static bool is_up;

	if (!is_up) {
		if (!pg_start())
			exit(0);
		atexit(pg_stop);
		is_up = true;
	}
	pg_backend.fresh(url);
}

const char *pg_dir(void)
{
	return server.dir;
}

void pg_tell(const char *fmt, ...)
{
	char line[32];
	va_list args;

	va_start(args, fmt);
	vfprintf(server.to, fmt, args);
	va_end(args);
	fputc('\n', server.to);
	fflush(server.to);
	read_line(line, sizeof(line));
	assert_string_equal(line, "ok");
}

static void admin(const char *database, const char *sql)
{
	char info[URL_MAX];
	PGconn *pg;
	PGresult *result;

	snprintf(info, sizeof(info), "host=%s user=reeve dbname=%s", server.dir, database);
	pg = PQconnectdb(info);
	result = PQexec(pg, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	PQclear(result);
	PQfinish(pg);
}

static const char *database_of(const char *url)
{
	return strstr(url, "dbname=") + strlen("dbname=");
}

static void make(const char *template, char url[static URL_MAX])
{
	char name[32];
	char sql[96];

	snprintf(name, sizeof(name), "store%u", server.stores++);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE %s", name, template);
	admin("postgres", sql);
	snprintf(url, URL_MAX, "postgresql:host=%s user=reeve dbname=%s", server.dir, name);
}

/* A database costs a checkpoint and megabytes: one that was dropped is emptied and taken again. */
static void fresh(char url[static URL_MAX])
{
	if (server.spare[0] == '\0') {
		make("template0", url);
		return;
	}
	strcpy(url, server.spare);
	server.spare[0] = '\0';
	admin(database_of(url), "SET client_min_messages = warning;"
				"DROP SCHEMA IF EXISTS reeve, reeve_rs, reeve_ls, reeve_other "
				"CASCADE");
}

void pg_copy(const char *url, char copy[static URL_MAX])
{
	make(database_of(url), copy);
}

static void drop(const char *url)
{
	snprintf(server.spare, sizeof(server.spare), "%s", url);
}

const struct backend pg_backend = { fresh, drop };
