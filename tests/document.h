/* SPDX-License-Identifier: GPL-2.0-only */
/* What the examples in Documentation/IRQ-ipi.txt leave out: headers, registers. */

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ipi-fwnode.h>
#include <linux/ipi.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/smp.h>

#define DB_ENABLE(db)	(0x000 + 4 * (db))
#define DB_CLEAR(db)	(0x100 + 4 * (db))
#define DB_RAISE(db)	(0x200 + 4 * (db))
#define DB_ROUTE(db)	(0x300 + 4 * (db))
#define DB_NR_ROUTES	64

#define LINK_KICK_NUMBER	0x00
#define LINK_KICK_PIN		0x04
#define LINK_MESSAGE		0x08
#define LINK_ANSWER		0x0c
#define LINK_ANSWER_ADDRESS	0x10
#define LINK_ANSWER_DATA	0x14

int call_init(void);
void call_enable(void);
void call_disable(void);
void call_send(const struct cpumask *mask);
int db_ipi_init(struct irq_domain *db_domain);
