// A model of a board: memory, accelerators behind their control registers, AXI DMA engines in simple mode (PG021).
//
// Addresses are those of the bus. Calls may come from several threads. The environment variable QNN_STANDIN_FAULT
// injects a fault: PORT:internal, PORT:slave, PORT:decode (error bits of a DMA engine), PORT:short (the packet of an
// output ends early) or kernel:hang.
#ifndef QNN_STANDIN_BOARD_H
#define QNN_STANDIN_BOARD_H

#include <cstddef>
#include <cstdint>

extern "C" {

// Forget everything: as after power-on. `length_bits` is the width of the length registers of the DMA engines.
void qnn_board_reset(unsigned length_bits);

// Put the accelerator of a shared library (kernel.h) at an address. An accelerator that is there is replaced; if it is
// coupled to the static part or computes, what comes is broken: it never ends. `dma_addresses` says where the engine of
// each of its ports has its registers. Returns null or what is wrong.
const char *qnn_board_load(const char *library, std::uint64_t address, const std::uint64_t *dma_addresses,
                           std::size_t dma_count);

// What the accelerator at an address tells of itself, or null.
const struct qnn_standin_kernel_info *qnn_board_kernel(std::uint64_t address);

// The switch of a slot: bit 0 at offset 0 asks for a shutdown of the accelerator at `kernel` (its registers read as zero,
// its streams stand still), bit 0 at offset 8 says whether it is so. Afterwards the accelerator comes out of reset.
void qnn_board_add_switch(std::uint64_t address, std::uint64_t kernel);

std::uint32_t qnn_board_read(std::uint64_t address);
void qnn_board_write(std::uint64_t address, std::uint32_t value);

// Whether the interrupt line of the accelerator or DMA channel whose registers begin here is up.
int qnn_board_interrupt(std::uint64_t address);

// Memory: 0 where there is none left; a null pointer for a range that was not allocated.
std::uint64_t qnn_board_allocate(std::size_t size);
void qnn_board_free(std::uint64_t address);
unsigned char *qnn_board_pointer(std::uint64_t address, std::size_t size);
}

#endif
