// Bytes that arrive in pieces, in a memory whose rest is filled with bytes that would change any parser's
// mind.

/// Calls `body` with what has arrived after each of the ends, until it says that it is done.
func arriving(_ bytes: [UInt8], ends: [Int], _ body: (RawSpan) -> Bool) {
    guard ends.count > 1 else {
        // A block of exactly this size: the address sanitizer sees a byte read beyond it.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { exact.deallocate() }
        exact.copyBytes(from: bytes)
        _ = body(UnsafeRawBufferPointer(exact).bytes)
        return
    }
    let decoy: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x30, 0x3A]
    var memory = (0..<bytes.count + 16).map { decoy[$0 % decoy.count] }
    var arrived = 0
    for end in ends {
        memory.replaceSubrange(arrived..<end, with: bytes[arrived..<end])
        arrived = end
        let isDone = memory.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<end]).bytes) }
        if isDone { return }
    }
}
