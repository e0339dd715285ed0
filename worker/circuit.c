/* SPDX-License-Identifier: Apache-2.0 */
/* circuit - stops what an absurd share of is bad: the wrong topic, the wrong schema. */
#include "worker/circuit.h"

enum { PERCENT = 100 };

bool circuit_opens(const struct circuit *circuit, size_t dead, size_t events)
{
	size_t all_dead = circuit->dead + dead;
	size_t all = circuit->seen + events;
	return all_dead >= circuit->least && all_dead * PERCENT > circuit->share_percent * all;
}

void circuit_note(struct circuit *circuit, size_t dead, size_t events)
{
	circuit->dead += dead;
	circuit->seen += events;
	while (circuit->seen > circuit->window) {
		circuit->dead /= 2;
		circuit->seen /= 2;
	}
}

void circuit_forget(struct circuit *circuit)
{
	circuit->dead = 0;
	circuit->seen = 0;
}
