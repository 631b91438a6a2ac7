/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring as its own journal: whoever serves it next finds what is unanswered.
 *
 * A back end may die between any two of its stores, and its memory with it; the
 * ring, which is the front end's, stays. At every moment the requests that are not
 * answered are exactly those that stand, whole, in the slots from rsp_prod up to
 * req_prod, but for what the redo record says. So the next back end takes up the
 * ring at rsp_prod and carries out what it finds there.
 *
 * A response goes into the slot at rsp_prod. Where answers are given in the order
 * of the requests, that is the slot of the request that it answers, and nothing
 * moves. Else the request of somebody else stands there; it is first moved into the
 * slot of the request that is answered, which nobody needs any more. No front end
 * that is known reads a slot again once it has published it: it finds its requests
 * by their ids.
 *
 * The redo record. Moving and answering take several stores, and a response shown
 * by halves would be neither request nor response. So what is about to be done is
 * first written down in the ring's first page, in bytes that blkif does not use.
 * The record counts if its index is rsp_prod: it is written by one store, after
 * all the rest of the record, and the store that publishes the response is also
 * the one that makes the record void. In between it can be carried out again as
 * often as it takes; the move has a step of its own, for once the response is
 * begun there is nothing left to be moved.
 *
 * What moves is what the ring holds, not what the back end once read from there: if
 * the front end has written over it meanwhile, that is what the next back end
 * judges, like any other request.
 *
 * Trust. The record can be written by the front end, too. The next back end uses
 * it as far as it stays within the ring; a false one makes an answer that the front
 * end could have written to itself.
 *
 * One journal a ring; whoever may put responses into the ring owns it.
 */
#ifndef MOAT_CORE_JOURNAL_H
#define MOAT_CORE_JOURNAL_H

#include "env.h"
#include "ring.h"
#include "wire.h"

/* Says that there is a record; no front end leaves this in a ring by accident. */
#define MOAT_JOURNAL_MAGIC 0x746d6f61u

/* As much of a response as both layouts have: id, operation, status. */
#define MOAT_JOURNAL_ANSWER 12u

/* Nothing is to be moved. */
#define MOAT_JOURNAL_STAYS 0xffffffffu

/* Where in the shared head: behind what io/ring.h keeps for netif and tapif. */
#define MOAT_JOURNAL_OFFSET 20u

/**
 * struct moat_journal_record - what a back end is about to do, in shared memory
 * @magic: MOAT_JOURNAL_MAGIC, or there is no record
 * @at: index of the response; the record counts while rsp_prod is the same
 * @move: slot into which the request that stands at @at goes first, or
 *	MOAT_JOURNAL_STAYS
 * @answer: the response, as it goes onto the wire
 */
struct moat_journal_record {
	u32 magic;
	u32 at;
	u32 move;
	u8 answer[MOAT_JOURNAL_ANSWER];
};

/**
 * struct moat_journal - where the requests stand that were taken
 * @place: by tag, the slot in which its request stands
 * @holder: by slot, the tag whose request stands there
 *
 * A tag is the back end's own number of a request that it has taken, below the
 * ring's size. The caller owns the memory, an entry for each slot of the ring;
 * what it holds at first does not matter.
 */
struct moat_journal {
	u16 *place;
	u16 *holder;
};

static inline struct moat_journal_record *
moat_journal_record(const struct moat_ring *ring)
{
	return (struct moat_journal_record *)
		((u8 *)ring->shared + MOAT_JOURNAL_OFFSET);
}

/* Do what the record says that ring->prod is about; a death anywhere in here
 * leaves a record that still says what is missing.
 */
static inline void moat_journal_carry_out(struct moat_ring *ring, u32 move,
					  const u8 *answer)
{
	struct moat_journal_record *record = moat_journal_record(ring);
	u8 *here = moat_ring_slot(ring, ring->prod);
	u8 raw[MOAT_WIRE_SLOT_MAX];

	if (move != MOAT_JOURNAL_STAYS) {
		moat_ring_copy_slot(ring, raw, here);
		moat_ring_store(moat_ring_slot(ring, move), raw, ring->slot_size);
		/* The copy is whole before the record says that it is made. */
		moat_wmb();
		WRITE_ONCE(record->move, MOAT_JOURNAL_STAYS);
		/* It says so before the original is written over. */
		moat_wmb();
	}
	moat_ring_store(here, answer, MOAT_JOURNAL_ANSWER);
	ring->prod++;
	/* As in moat_ring_push_responses(), which asks whether to notify. */
	moat_store_release(&ring->shared->rsp_prod, ring->prod);
}

/* Redo what the last back end was in the middle of. */
static inline int moat_journal_redo(struct moat_ring *ring)
{
	struct moat_journal_record *record = moat_journal_record(ring);
	u32 unanswered = READ_ONCE(ring->shared->req_prod) - ring->prod;
	u32 move = READ_ONCE(record->move);
	u8 answer[MOAT_JOURNAL_ANSWER];

	if (!unanswered || unanswered > ring->size)
		return -EPROTO;
	if (move != MOAT_JOURNAL_STAYS) {
		u32 ahead = (move - ring->prod) & (ring->size - 1);

		if (move >= ring->size || !ahead || ahead >= unanswered)
			return -EPROTO;
	}
	moat_ring_copy(answer, record->answer, sizeof(answer));
	moat_journal_carry_out(ring, move, answer);
	ring->pushed = ring->prod;
	ring->cons = ring->prod;
	return 0;
}

/**
 * moat_journal_start() - keep a journal in a ring that nobody has served before
 * @ring: the ring, just taken up with moat_ring_serve()
 *
 * Whatever stands where the record goes is void.
 */
static inline void moat_journal_start(struct moat_ring *ring)
{
	struct moat_journal_record *record = moat_journal_record(ring);

	WRITE_ONCE(record->at, ring->prod - 1);
	/* What is not a record yet is void before it becomes one. */
	moat_wmb();
	WRITE_ONCE(record->magic, MOAT_JOURNAL_MAGIC);
}

/**
 * moat_journal_resume() - take up a ring whose last back end has died
 * @ring: the ring, just taken up with moat_ring_serve()
 *
 * Behind it all that is unanswered waits to be taken, from rsp_prod on. The event
 * of the last response may have died with who should have sent it: the caller sends
 * one, whether there is anything to do or not.
 *
 * Return: 0; -ENOENT if no journal has been kept, and so nobody knows what stands in
 * the slots; -EPROTO for a record of something that cannot have been. Nothing has been
 * written then.
 */
static inline int moat_journal_resume(struct moat_ring *ring)
{
	struct moat_journal_record *record = moat_journal_record(ring);

	if (READ_ONCE(record->magic) != MOAT_JOURNAL_MAGIC)
		return -ENOENT;
	if (READ_ONCE(record->at) != ring->prod)
		return 0;
	return moat_journal_redo(ring);
}

/**
 * moat_journal_take() - note where the next request stands
 * @journal: the journal
 * @ring: its ring, in front of moat_ring_take_request()
 * @tag: number of the request, in no other's use until it is answered
 */
static inline void moat_journal_take(struct moat_journal *journal,
				     const struct moat_ring *ring, u16 tag)
{
	u16 slot = ring->cons & (ring->size - 1);

	journal->place[tag] = slot;
	journal->holder[slot] = tag;
}

/* Whoever stands in the way of the next response goes where @tag has stood. Return:
 * that slot, or MOAT_JOURNAL_STAYS.
 */
static inline u32 moat_journal_make_room(struct moat_journal *journal,
					 const struct moat_ring *ring, u16 tag)
{
	u16 here = ring->prod & (ring->size - 1);
	u16 other = journal->holder[here];
	u16 there = journal->place[tag];

	if (other == tag)
		return MOAT_JOURNAL_STAYS;
	journal->place[other] = there;
	journal->holder[there] = other;
	return there;
}

/**
 * moat_journal_answer() - put a response into the ring and publish it
 * @journal: the journal
 * @ring: its ring
 * @tag: number of the request, noted by moat_journal_take() and not answered since
 * @rsp: the response
 *
 * Takes the place of moat_ring_put_response(). The front end may see the response at
 * once; moat_ring_push_responses() says, for any number of them, whether it asked
 * to be notified.
 *
 * Return: whether a request had to be moved out of its way.
 */
static inline bool moat_journal_answer(struct moat_journal *journal,
				       struct moat_ring *ring, u16 tag,
				       const struct moat_response *rsp)
{
	struct moat_journal_record *record = moat_journal_record(ring);
	u32 move = moat_journal_make_room(journal, ring, tag);
	u8 answer[MOAT_JOURNAL_ANSWER] = { 0 };

	moat_wire_put_response(rsp, answer);
	moat_ring_store(record->answer, answer, sizeof(answer));
	WRITE_ONCE(record->move, move);
	/* The record is whole before it counts. */
	moat_wmb();
	WRITE_ONCE(record->at, ring->prod);
	/* It counts before anything of it is done. */
	moat_wmb();
	moat_journal_carry_out(ring, move, answer);
	return move != MOAT_JOURNAL_STAYS;
}

#endif
