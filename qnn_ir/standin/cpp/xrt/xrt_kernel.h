#ifndef QNN_STANDIN_XRT_KERNEL_H
#define QNN_STANDIN_XRT_KERNEL_H

#include "xrt/standin.h"

#endif
