// RUN: qnn-opt %s -p hlsc-legalize-names | filecheck %s
// RUN: qnn-opt %s -p hlsc-legalize-names,hlsc-legalize-names | filecheck %s

// Keywords, other alphabets, case and shell text; two processes may have a memory of one name.
hlsc.process @"/fc/MatMul"(%in: !hlsc.in<ui8>, %out: !hlsc.out<ui8>) {
  %r = hlsc.rom named "weights" dense<[1, 2]> : tensor<2xi8> as !hlsc.mem<2 x ui8>
  hlsc.side @main (%frame, %i < 2) {
    %w = hlsc.load %r[%i] : !hlsc.mem<2 x ui8> -> ui8
    %x = hlsc.read %in : !hlsc.in<ui8> -> ui8
    %y = hlsc.max %x, %w : ui8, ui8 -> ui8
    hlsc.write %out, %y : !hlsc.out<ui8>, ui8
  }
}
hlsc.process @join(%in: !hlsc.in<ui8>, %out: !hlsc.out<ui8>) {
  %r = hlsc.rom named "weights" dense<[1, 2]> : tensor<2xi8> as !hlsc.mem<2 x ui8>
  %s = hlsc.rom dense<[1, 2]> : tensor<2xi8> as !hlsc.mem<2 x ui8>
  hlsc.side @"层" (%frame, %i < 2) {
    %w = hlsc.load %r[%i] : !hlsc.mem<2 x ui8> -> ui8
    %v = hlsc.load %s[%i] : !hlsc.mem<2 x ui8> -> ui8
    %x = hlsc.read %in : !hlsc.in<ui8> -> ui8
    %y = hlsc.max %x, %w : ui8, ui8 -> ui8
    %z = hlsc.max %y, %v : ui8, ui8 -> ui8
    hlsc.write %out, %z : !hlsc.out<ui8>, ui8
  }
}
hlsc.top @"; exec rm" (%x: !hlsc.chan<ui8>, %y: !hlsc.chan<ui8>) {
  %c = hlsc.channel "FC_matmul" depth 2 : !hlsc.chan<ui8>
  hlsc.call @"/fc/MatMul"(%x, %c) : !hlsc.chan<ui8>, !hlsc.chan<ui8>
  hlsc.call @join(%c, %y) : !hlsc.chan<ui8>, !hlsc.chan<ui8>
}

// CHECK:       hlsc.process @fc_MatMul(%in0: !hlsc.in<ui8>, %out0: !hlsc.out<ui8>)
// CHECK-SAME:    port_names = ["in0", "out0"]
// CHECK-NEXT:    hlsc.rom named "weights"
// CHECK-NEXT:    hlsc.side @main_0
// CHECK:       hlsc.process @join_0
// CHECK-NEXT:    hlsc.rom named "weights"
// CHECK-NEXT:    hlsc.rom named "rom"
// CHECK-NEXT:    hlsc.side @side
// CHECK:       hlsc.top @exec_rm
// CHECK-SAME:    port_names = ["in0", "out0"]
// CHECK-NEXT:    hlsc.channel "FC_matmul_1"
// CHECK-NEXT:    hlsc.call @fc_MatMul
// CHECK-NEXT:    hlsc.call @join_0
