#ifndef QNN_STANDIN_XRT_BO_H
#define QNN_STANDIN_XRT_BO_H

#include "xrt/standin.h"

#endif
