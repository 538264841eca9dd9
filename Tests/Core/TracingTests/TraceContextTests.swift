// `traceparent` and `tracestate` by the tables of W3C's Trace Context, and with what is drawn.
import AllocationCounter
import Testing
import Units

@testable import Tracing

private func parse(_ text: String) -> TraceContext? {
    let bytes = Array(text.utf8)
    return TraceContext(traceparent: bytes.span.bytes)
}

private func isPassedOn(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return TraceState.isPassedOn(bytes.span.bytes)
}

private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
private let span = "00f067aa0ba902b7"

@Suite struct TraceContextTests {
    /// §3.2.2.5: the recommendation's own examples.
    @Test func examplesOfTheRecommendation() throws {
        let sampled = try #require(parse("00-\(trace)-\(span)-01"))
        #expect(sampled.trace == TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736))
        #expect(sampled.span == SpanID(0x00f0_67aa_0ba9_02b7))
        #expect(sampled.isSampled)
        let other = try #require(parse("00-\(trace)-\(span)-00"))
        #expect(!other.isSampled && other.trace == sampled.trace && other.span == sampled.span)
        #expect(sampled.traceparent == "00-\(trace)-\(span)-01")
        #expect(other.traceparent == "00-\(trace)-\(span)-00")
    }

    /// What a later version has behind the part that is known is passed over; flags beyond the lowest mean nothing here.
    @Test(arguments: [
        ("01-\(trace)-\(span)-01", true), ("cc-\(trace)-\(span)-01", true),
        ("cc-\(trace)-\(span)-01-what-the-future-will-be-like", true), ("fe-\(trace)-\(span)-00-", false),
        ("00-\(trace)-\(span)-ff", true), ("00-\(trace)-\(span)-02", false), ("01-\(trace)-\(span)-09", true),
    ])
    func laterVersionsAndFlags(_ text: String, isSampled: Bool) throws {
        let context = try #require(parse(text))
        #expect(context.isSampled == isSampled)
        #expect(context.trace.text == trace && context.span.text == span)
        #expect(context.traceparent.hasPrefix("00-"))
    }

    @Test(arguments: [
        "", "00", "00-", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1",
        // Version 00 is exact.
        "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-x", "00-\(trace)-\(span)-01.",
        "00-\(trace)-\(span)-011",
        // Of a later one, only a dash may follow.
        "cc-\(trace)-\(span)-01.what-the-future", "cc-\(trace)-\(span)-010", "01-\(trace)-\(span)-0",
        // Version ff is none; nor are two digits that are none.
        "ff-\(trace)-\(span)-01", "0-\(trace)-\(span)-01", "000-\(trace)-\(span)-01",
        ".0-\(trace)-\(span)-01",
        "0.-\(trace)-\(span)-01", "FE-\(trace)-\(span)-01",
        // Ids of zeros.
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        // Capitals, other bytes, other lengths.
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(span)-01", "00-\(trace)-00F067AA0BA902B7-01",
        "00-\(trace)-\(span)-0A", "00-.bf92f3577b34da6a3ce929d0e0e4736-\(span)-01",
        "00-\(trace.dropLast())-\(span)-01", "00-\(trace)0-\(span)-01", "00-\(trace)-\(span.dropLast())-01",
        "00-\(trace)-\(span)0-01", "00_\(trace)_\(span)_01", "00-\(trace)-\(span)-.0",
        "00-\(trace)-\(span)-0.",
        " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ", "00-\(trace)-\(span)-01,00-\(trace)-\(span)-01",
    ])
    func invalidOnesBeginANewTrace(_ text: String) {
        #expect(parse(text) == nil)
    }

    /// Whatever is drawn comes back; whatever one byte is replaced by is read as the rules say, by a reader of another kind.
    @Test func drawnOnes() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Randomness(seed: seed)
        for _ in 0..<20_000 {
            let context = TraceContext(
                trace: TraceID(high: random.next(), low: random.next() | 1), span: SpanID(random.next() | 1),
                isSampled: random.next() & 1 == 1)
            #expect(parse(context.traceparent) == context, "seed \(seed)")
            var bytes = Array(context.traceparent.utf8)
            let place = random.next(in: 0...54)
            bytes[place] = UInt8(random.next(in: 0...255))
            let text = String(decoding: bytes, as: UTF8.self)
            let isPlain = bytes.allSatisfy { $0 < 0x80 }
            let form = /[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/
            let isValid = isPlain && text.wholeMatch(of: form) != nil && !text.hasPrefix("ff")
            #expect((TraceContext(traceparent: bytes.span.bytes) != nil) == isValid, "seed \(seed): \(text)")
        }
    }

    @Test(arguments: [
        "rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "rojo=1 , congo=2\t,\tfw529a3039@dt=FfD1", "foo=1,", ",foo=1", "foo=1,,bar=2",
        "a/b_c-d*e=!\"#$%&'()*+-./:;<>?@",
        "0tenant@system=1", "f=a b", String(repeating: "k", count: 256) + "=v",
        String(repeating: "t", count: 241) + "@" + String(repeating: "s", count: 14) + "=v",
        "f=" + String(repeating: "v", count: 256), (1...32).map { "k\($0)=v" }.joined(separator: ","),
    ])
    func listsThatArePassedOn(_ list: String) { #expect(isPassedOn(list)) }

    @Test(arguments: [
        "", ",", "foo", "foo=", "=1", "foo=1,foo=1", "foo=1,bar=2, foo=3", "foo=1=2", "Foo=1", "foo@=1",
        "@foo=1",
        "foo@@bar=1", "foo@bar@baz=1", "0foo=1", "foo@0bar=1", "foo =1", "foo=1\u{7}", "föo=1", "foo=ö",
        String(repeating: "k", count: 257) + "=v", String(repeating: "t", count: 242) + "@v=1",
        "t@" + String(repeating: "s", count: 15) + "=1", "f=" + String(repeating: "v", count: 257),
        (1...33).map { "k\($0)=v" }.joined(separator: ","),
        (1...3).map { "k\($0)=" + String(repeating: "v", count: 200) }.joined(separator: ","),
    ])
    func listsThatAreNot(_ list: String) { #expect(!isPassedOn(list)) }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func readingAllocatesNothing() {
        let parent = Array("00-\(trace)-\(span)-01".utf8)
        let list = Array("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE".utf8)
        var read = 0
        let before = allocations_of_thread()
        for _ in 0..<1_000 {
            if TraceContext(traceparent: parent.span.bytes) != nil { read += 1 }
            if TraceState.isPassedOn(list.span.bytes) { read += 1 }
        }
        #expect(allocations_of_thread() - before == 0)
        #expect(read == 2_000)
    }
}
