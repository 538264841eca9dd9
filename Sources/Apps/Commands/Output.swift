// What a command prints. Bytes are gathered and written in large pieces; a reader that went away ends the
// printing, not the program.
public import Kernel

/// The two streams of a program. Standard output is flushed before anything goes to standard error, so that
/// the two keep their order on a terminal.
public struct Output: ~Copyable {
    /// Enough that a large journal costs few system calls, small enough to be seen soon by whoever reads
    /// along.
    private static var flushBytes: Int { 64 * 1024 }

    private let standardOutput: Descriptor
    private let standardError: Descriptor
    private var pending: [UInt8] = []
    /// Why nothing more is written to standard output.
    public private(set) var failure: Errno?

    public init(standardOutput: Descriptor, standardError: Descriptor) {
        self.standardOutput = standardOutput
        self.standardError = standardError
    }

    /// Prints one line.
    public mutating func print(_ line: String) {
        write(line)
        write("\n")
    }

    /// Prints text as it is.
    public mutating func write(_ text: String) {
        write(text.utf8)
    }

    public mutating func write(_ bytes: some Sequence<UInt8>) {
        if failure != nil { return }
        pending.append(contentsOf: bytes)
        if pending.count >= Self.flushBytes { flush() }
    }

    /// Prints one line to standard error. Where that fails there is nobody left to tell.
    public mutating func complain(_ line: String) {
        flush()
        _ = Self.write(Array("\(line)\n".utf8), to: standardError)
    }

    public mutating func flush() {
        if failure == nil { failure = Self.write(pending, to: standardOutput) }
        pending.removeAll(keepingCapacity: true)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Descriptor) -> Errno? {
        bytes.withUnsafeBytes { all in
            var done = 0
            while done < all.count {
                let count = Kernel.write(descriptor, UnsafeRawBufferPointer(rebasing: all[done...]))
                if count < 0 { return Errno(Int32(-count)) }
                done += count
            }
            return nil
        }
    }
}
