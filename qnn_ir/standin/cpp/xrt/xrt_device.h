#ifndef QNN_STANDIN_XRT_DEVICE_H
#define QNN_STANDIN_XRT_DEVICE_H

#include "xrt/standin.h"

#endif
