// RUN: qnn-opt %s -p stream-insert-width-converters | filecheck %s
// RUN: qnn-opt %s -p 'stream-insert-width-converters{port-bits=4}' | filecheck %s --check-prefix=NARROW

// Beats of 8 bits enter in words of 4, without a second converter; an output of 2 bits leaves as it is.
// NARROW:      stream.graph @accelerator (%x: !stream.chan<ui2 x 2, 6>) -> (!stream.chan<ui2 x 1, 12>)
// NARROW:      stream.width "act_width" %{{.*}} : !stream.chan<ui2 x 2, 6> -> !stream.chan<ui2 x 6, 2>
// NARROW:      stream.map "act"

// CHECK:      stream.graph @accelerator
// CHECK-NEXT: %w = stream.width "act_width" %x : !stream.chan<ui2 x 4, 3> -> !stream.chan<ui2 x 6, 2>
// CHECK-NEXT: %a = stream.map "act" %w
// CHECK-NEXT: %o = stream.width "output_width" %a : !stream.chan<ui2 x 6, 2> -> !stream.chan<ui2 x 1, 12>
// CHECK-NEXT: stream.output %o
stream.graph @accelerator (%x: !stream.chan<ui2 x 4, 3>) -> (!stream.chan<ui2 x 1, 12>)
    inputs([#stream.layout<shape = [1, 12], perm = [0, 1], channels = 12>])
    outputs([#stream.layout<shape = [1, 12], perm = [0, 1], channels = 12>]) {
  %w = builtin.unrealized_conversion_cast %x : !stream.chan<ui2 x 4, 3> to !stream.chan<ui2 x 6, 2>
  %a = stream.map "act" %w map(#qnn.table<dense<[[3, 2, 1, 0]]> : tensor<1x4xi8>, lo = 0> groups dense<0> : tensor<6xi8>)
    {pe = 6 : i64} : !stream.chan<ui2 x 6, 2> -> !stream.chan<ui2 x 6, 2>
  %i = builtin.unrealized_conversion_cast %a : !stream.chan<ui2 x 6, 2> to !stream.chan<ui2 x 6, 2>
  %o = builtin.unrealized_conversion_cast %i : !stream.chan<ui2 x 6, 2> to !stream.chan<ui2 x 1, 12>
  stream.output %o : !stream.chan<ui2 x 1, 12>
}
