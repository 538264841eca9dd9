// What several of these tests need: a socket that listens, a clock that stands, numbers from a seed.
import Foundation
import Glibc
import Synchronization
import Units

@testable import Kernel
@testable import Telemetry

/// A real Unix datagram socket at a path of its own, or in the abstract namespace.
final class DatagramReceiver: Sendable {
    let address: String
    private let socket: Int32

    init(abstract: Bool = false, receiveBuffer: Int32? = nil) throws {
        let name = "/tmp/paceline-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        address = abstract ? "@" + name.dropFirst() : name
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if var bytes = receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var time = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        guard let target = LocalAddress(address) else { throw Errno(EINVAL) }
        let result = target.withPointer { bind(socket, $0, $1) }
        if result != 0 { throw Errno(errno) }
    }

    deinit {
        close(socket)
        if !address.hasPrefix("@") { unlink(address) }
    }

    /// The next datagram, waiting five seconds for it at the most.
    func next() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &buffer, buffer.count, 0)
        if count < 0 { throw Errno(errno) }
        return Array(buffer.prefix(count))
    }

    func nextText() throws -> String { String(decoding: try next(), as: UTF8.self) }
}

/// A clock that moves when a test says so.
final class ManualClock: Sendable {
    private let now = Atomic<Int64>(0)

    func advance(by length: Interval) { now.wrappingAdd(length.nanoseconds, ordering: .relaxed) }

    var logClock: Log.Clock {
        Log.Clock(
            monotonic: { Instant(nanoseconds: self.now.load(ordering: .relaxed)) },
            wall: { Instant(nanoseconds: 1_790_000_000_123_456_789 + self.now.load(ordering: .relaxed)) })
    }
}

/// Steele's SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A pipe whose reading end collects what a log wrote.
struct LogPipe: ~Copyable {
    let reading: Int32
    let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Everything written since the last time.
    func text() -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(reading, &buffer, buffer.count)
            if count <= 0 { return String(decoding: all, as: UTF8.self) }
            all += buffer.prefix(count)
        }
    }
}

/// Runs a program; its status and everything that it printed.
func run(_ path: String, _ arguments: [String], input: [UInt8] = []) throws -> (status: Int32, output: String)
{
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stdout
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: Data(input))
    try stdin.fileHandleForWriting.close()
    let output = stdout.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

extension Metrics {
    /// The whole text at once.
    func prometheusText() -> [UInt8] { Array(prometheusFamilies().joined()) }
}
