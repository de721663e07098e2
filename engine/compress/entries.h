#pragma once
#include "engine/compress/codec.h"

namespace sac {

// One function a codec, each in a file of its name.
CodecEntry fp16_entry();
CodecEntry bf16_entry();
CodecEntry int8_entry();
CodecEntry qsgd_entry();
CodecEntry terngrad_entry();
CodecEntry natural_entry();
CodecEntry onebit_entry();
CodecEntry signsgd_entry();
CodecEntry topk_entry();
CodecEntry randomk_entry();
CodecEntry dgc_entry();

}  // namespace sac
