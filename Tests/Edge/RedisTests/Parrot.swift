// A server that says what a test wants.
import Reactor

/// Answers whatever comes with these bytes.
final class Parrot: Stream {
    private let answer: [UInt8]
    init(_ reactor: Reactor, _ answer: [UInt8]) {
        self.answer = answer
        super.init(reactor: reactor)
    }
    override func received(_ bytes: UnsafeRawBufferPointer) {
        if !answer.withUnsafeBytes({ write($0) }) { close(.overLimit) }
        flush()
    }
}
