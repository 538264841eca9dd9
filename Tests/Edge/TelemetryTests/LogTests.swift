// What a log line looks like in each sink, what cannot get into it, and what happens where the sink is full.
import AllocationCounter
import Foundation
import Testing
import Units

@testable import Kernel
@testable import Telemetry

private struct Refusal: Error, CustomStringConvertible {
    let description: String
}

/// Every kind of trouble that a value from outside can bring.
private let nasty = "a\nb\r\u{0}\u{1B}[2Jc\u{9B}1m\u{202E}d\u{2028}e\"f\\g=\tü\u{7F}"
private let nastyVisible = #"a\nb\r\u{0}\u{1b}[2Jc\u{9b}1m\u{202e}d\u{2028}e\"f\\g=\tü\u{7f}"#

@Suite struct LogTests {
    private func log(
        _ pipe: borrowing LogPipe, json: Bool = false, level: LogLevel = .debug,
        rate: LogRate = LogRate(burst: 1_000)
    ) -> Log {
        Log(
            to: .descriptor(pipe.writing, json: json), level: level, rate: rate, clock: ManualClock().logClock
        )
    }

    @Test func aReadableLine() {
        let pipe = LogPipe()
        let log = log(pipe)
        log.warning(
            "certificate was not reloaded",
            [
                "path": "/etc/paceline/node.pem", "attempt": 3, "took": .duration(.microseconds(1_500)),
                "cause": .error(Refusal(description: "no such file")), "empty": "",
            ])
        #expect(
            pipe.text()
                == "2026-09-21T14:13:20.123Z WARN  certificate was not reloaded path=/etc/paceline/node.pem "
                + "attempt=3 took=1.5ms cause=\"no such file\" empty=\"\"\n")
    }

    @Test func coloursOnlyTheLevel() {
        let record = LogRecord(
            wallTime: Instant(nanoseconds: 0), level: .error, message: "down", fields: [:], suppressed: 0,
            file: "", line: 1)
        #expect(
            ReadableLine(colour: true).render(record).map { String(decoding: $0, as: UTF8.self) }
                == "1970-01-01T00:00:00.000Z \u{1B}[1;31mERROR\u{1B}[0m down\n")
    }

    @Test func aJSONLine() throws {
        let pipe = LogPipe()
        log(pipe, json: true).error(
            "send failed", ["peer": .string(nasty), "bytes": -7, "took": .duration(.milliseconds(2))],
            file: "HTTP/Server.swift", line: 42)
        let text = pipe.text()
        #expect(text.filter { $0 == "\n" }.count == 1 && text.hasSuffix("\n"))
        let object = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["time"] as? String == "2026-09-21T14:13:20.123Z")
        #expect(object["level"] as? String == "error")
        #expect(object["message"] as? String == "send failed")
        #expect(object["source"] as? String == "HTTP/Server.swift:42")
        let fields = try #require(object["fields"] as? [String: Any])
        #expect(fields["peer"] as? String == nasty)
        #expect(fields["bytes"] as? Int == -7)
        #expect(fields["took"] as? Double == 0.002)
    }

    @Test func nothingFromOutsideCanForgeALine() {
        let pipe = LogPipe()
        let log = log(pipe)
        log.info("request refused", ["target": .string(nasty)])
        log.info("request refused", ["target": .bytes([0x61, 0xFF, 0x0A, 0xC3, 0x28])])
        let lines = pipe.text().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 3 && lines[2].isEmpty)
        #expect(lines[0].hasSuffix("INFO  request refused target=\"\(nastyVisible)\""))
        #expect(lines[1].hasSuffix("target=\"a\u{FFFD}\\n\u{FFFD}(\""))
    }

    @Test func longValuesAreCutAndLinesFitAPipesPage() throws {
        for json in [false, true] {
            let pipe = LogPipe()
            let log = log(pipe, json: json)
            let long = LogValue.string(String(repeating: "ü", count: 3_000))
            let wild = LogValue.string(String(repeating: "\u{1}", count: 3_000))
            log.info("one", ["a": long])
            log.info("some", ["a": wild, "b": long, "c": wild, "d": long])
            let lines = pipe.text().split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.allSatisfy { $0.utf8.count < 4_096 && $0.contains("…") })
            if json { for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) } }
        }
    }

    @Test func aLevelThatIsOffCostsNothing() {
        let pipe = LogPipe()
        let log = log(pipe, level: .warning)
        let path = String(repeating: "p", count: 100)
        func work() {
            for _ in 0..<100 { log.info("hidden", ["path": "at \(path)", "n": 1]) }
        }
        work()
        if allocations_are_counted() == 1 {
            let before = allocations_of_thread()
            work()
            #expect(allocations_of_thread() == before)
        }
        log.level = .info
        work()
        #expect(!pipe.text().isEmpty)
    }

    @Test func theNextLineTellsWhatWasSuppressed() {
        let pipe = LogPipe()
        let clock = ManualClock()
        let log = Log(
            to: .descriptor(pipe.writing, json: false), level: .info,
            rate: LogRate(burst: 2, interval: .seconds(1)), clock: clock.logClock)
        var catalogue = MetricsCatalogue()
        log.register(in: &catalogue)
        let metrics = catalogue.freeze()
        for turn in 0..<12 {
            if turn == 11 { clock.advance(by: .seconds(1)) }
            log.notice("again", ["turn": .integer(turn)])
        }
        let lines = pipe.text().split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].hasSuffix("again turn=1"))
        #expect(lines[2].hasSuffix("again turn=11 suppressed=9"))
        let text = String(decoding: metrics.prometheusText(), as: UTF8.self)
        #expect(text.contains("paceline_log_lines_total{level=\"notice\"} 3\n"))
        #expect(text.contains("paceline_log_suppressed_total 9\n"))
        #expect(text.contains("paceline_log_dropped_total 0\n"))
    }

    @Test func aFullPipeDropsAndCountsInsteadOfWaiting() {
        let pipe = LogPipe()
        let log = log(pipe, rate: LogRate(burst: 100_000))
        var catalogue = MetricsCatalogue()
        log.register(in: &catalogue)
        let metrics = catalogue.freeze()
        let flags = fcntl(pipe.writing, F_GETFL)
        for turn in 0..<5_000 {
            log.info("a line of some length, to fill the pipe", ["turn": .integer(turn)])
        }
        #expect(fcntl(pipe.writing, F_GETFL) == flags, "the descriptor that we were given keeps its mode")
        let written = pipe.text().split(separator: "\n").count
        #expect(written > 100 && written < 5_000)
        let text = String(decoding: metrics.prometheusText(), as: UTF8.self)
        #expect(text.contains("paceline_log_lines_total{level=\"info\"} \(written)\n"))
        #expect(text.contains("paceline_log_dropped_total \(5_000 - written)\n"))
        log.info("room again")
        #expect(pipe.text().hasSuffix("room again\n"))
    }

    @Test func filesAndSocketsAreWrittenToo() throws {
        let path = "/tmp/paceline-log-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let file = try Kernel.open(path, O_RDWR | O_CREAT | O_EXCL)
        defer {
            close(file)
            unlink(path)
        }
        Log(to: .descriptor(file, json: false)).info("into a file")
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix("INFO  into a file\n"))
        let (near, far) = try Kernel.socketPair()
        defer {
            close(near)
            close(far)
        }
        let log = Log(
            to: .descriptor(near, json: false), level: .info, rate: LogRate(burst: 100_000),
            clock: ManualClock().logClock)
        // Far more than the socket's buffer: would hang here if a write waited.
        for _ in 0..<20_000 { log.info("into a socket") }
        var buffer = [UInt8](repeating: 0, count: 200)
        #expect(read(far, &buffer, buffer.count) == 200)
    }

    @Test func threadsLogWholeLines() {
        let pipe = LogPipe()
        let log = log(pipe)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for turn in 0..<100 {
                log.info("concurrent", ["thread": .integer(thread), "turn": .integer(turn)])
            }
        }
        let lines = pipe.text().split(separator: "\n").map {
            $0.split(separator: " ").suffix(3).joined(separator: " ")
        }
        let expected = (0..<4).flatMap { thread in (0..<100).map { "concurrent thread=\(thread) turn=\($0)" }
        }
        #expect(lines.sorted() == expected.sorted())
    }
}
