/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moat-hog can take of a domain, so that its drivers run short of it.
 */
#ifndef MOAT_TESTS_HOG_H
#define MOAT_TESTS_HOG_H

/* Give back all transactions. Context: process; waits for xenstored. */
void hog_end_transactions(void);

/* Give back all memory. Context: process. */
void hog_give_pages(void);

#endif
