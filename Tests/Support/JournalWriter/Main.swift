// A process that writes a journal until it is killed: `journal-writer DIRECTORY DRIVER SEED`. It prints every
// number up to which it was told that its records are durable. Each byte of a payload is one more than the last.
import Glibc
import Journal
import Kernel
import Reactor
import Units

@main
enum JournalWriter {
    static func main() throws {
        guard CommandLine.arguments.count == 4, let seed = UInt64(CommandLine.arguments[3]),
            let driver = DriverChoice(rawValue: CommandLine.arguments[2])
        else { exit(2) }
        var options = JournalOptions(
            directory: CommandLine.arguments[1], writer: "writer", session: UInt64(getpid()) << 32 | seed)
        options.ringBytes = 64 * 1024
        options.segmentBytes = 256 * 1024
        options.flushInterval = .milliseconds(2)
        let reactor = try Reactor(driver)
        let journal = try Journal(options, on: reactor, now: Kernel.wallNow())
        var randomness = Randomness(seed: seed)
        journal.onDurable = { durable in
            // One write for one line: a reader never sees half a number that was not reported.
            let line = Array("\(durable)\n".utf8)
            _ = line.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        }
        while true {
            for _ in 0..<randomness.next(in: 0...40) {
                let first = randomness.next()
                let payload = (0..<randomness.next(in: 0...900)).map {
                    UInt8(truncatingIfNeeded: first &+ UInt64($0))
                }
                journal.append(RecordKind(rawValue: 900), at: Kernel.wallNow(), payload.span.raw)
            }
            try reactor.turn(until: Kernel.monotonicNow() + .microseconds(200))
        }
    }
}
