/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay - run a fuzz target over its corpus, without a fuzzer, in every build.
 *
 * Each input is copied to a heap block of exactly its size, so that the address sanitizer sees a read
 * of one byte too many.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES = 1 << 20, PATH_BYTES = 4096 };

static int replay_file(const char *path)
{
	static uint8_t input[INPUT_BYTES];
	FILE *file = fopen(path, "rb");
	if (!file)
		return 0;
	size_t size = fread(input, 1, sizeof(input), file);
	(void)fclose(file);
	uint8_t *exact = malloc(size ? size : 1);
	if (!exact)
		return 0;
	for (size_t i = 0; i < size; i++)
		exact[i] = input[i];
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

static int replay_folder(const char *path)
{
	int count = 0;
	DIR *folder = opendir(path);
	if (!folder)
		return 0;
	const struct dirent *entry;
	while ((entry = readdir(folder))) {
		char name[PATH_BYTES];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		count += replay_file(name);
	}
	(void)closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;
	for (int i = 1; i < argc; i++)
		count += replay_folder(argv[i]);
	(void)printf("%d inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE; /* an empty corpus proves nothing */
}
