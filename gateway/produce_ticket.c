/* SPDX-License-Identifier: Apache-2.0 */
/* produce_ticket - ties an event at Kafka to the submission that waits for its delivery report. */
#include "gateway/produce_ticket.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "shared/memory.h"

static void note_oldest(struct produce_tickets *tickets)
{
	int64_t produced_us = tickets->oldest ? tickets->oldest->produced_us : 0;
	atomic_store_explicit(&tickets->oldest_us, produced_us, memory_order_relaxed);
}

void produce_tickets_fini(struct produce_tickets *tickets)
{
	while (tickets->free) {
		struct produce_ticket *ticket = tickets->free;
		tickets->free = ticket->sibling;
		free(ticket);
	}
}

struct produce_ticket *produce_ticket_take(struct produce_tickets *tickets, int64_t now_us)
{
	struct produce_ticket *ticket = tickets->free;
	if (ticket)
		tickets->free = ticket->sibling;
	else
		ticket = memory_alloc(sizeof(*ticket));
	*ticket = (struct produce_ticket){.produced_us = now_us, .older = tickets->newest};
	if (tickets->newest)
		tickets->newest->newer = ticket;
	else
		tickets->oldest = ticket;
	tickets->newest = ticket;
	if (tickets->oldest == ticket)
		note_oldest(tickets);
	return ticket;
}

void produce_ticket_give(struct produce_tickets *tickets, struct produce_ticket *ticket)
{
	bool was_oldest = tickets->oldest == ticket;
	if (ticket->newer)
		ticket->newer->older = ticket->older;
	else
		tickets->newest = ticket->older;
	if (ticket->older)
		ticket->older->newer = ticket->newer;
	else
		tickets->oldest = ticket->newer;
	if (was_oldest)
		note_oldest(tickets);
	ticket->sibling = tickets->free;
	tickets->free = ticket;
}

void produce_ticket_join(struct produce_ticket *ticket, struct submission *submission)
{
	ticket->submission = submission;
	ticket->sibling = submission->tickets;
	submission->tickets = ticket;
}

void produce_ticket_leave(struct produce_ticket *ticket)
{
	struct produce_ticket **link = &ticket->submission->tickets;
	while (*link != ticket)
		link = &(*link)->sibling;
	*link = ticket->sibling;
}

int64_t produce_tickets_oldest_us(const struct produce_tickets *tickets)
{
	return atomic_load_explicit(&tickets->oldest_us, memory_order_relaxed);
}
