/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULT_WINDOW_H
#define TESTS_FAULT_WINDOW_H

#include <stdbool.h>

/* Exported by the program: pam_window.so says when faults may be injected. */
__attribute__((visibility("default"))) void fault_window(bool begins);

#endif
