/* packets.h - what the kernel counts of a TCP connection. */
#ifndef TEST_TLS_PACKETS_H
#define TEST_TLS_PACKETS_H

/* Packets that came in, bare acknowledgements included; 0 when it does not say. Thread-safe. */
unsigned packets_in(int fd);

#endif
