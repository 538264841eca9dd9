// Nothing is read beyond the document, and nothing is allocated while reading and writing.
import AllocationCounter
import CSIMD
import Glibc
import JSON
import Testing
import Units

/// What anybody may look at: an optimiser would leave out a block that nobody sees.
nonisolated(unsafe) var escaped: UnsafeMutableRawPointer?

@Suite struct MemoryTests {
    /// Documents that end right before a page that may not be touched.
    @Test func readsNothingBeyondTheEnd() throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let map = try #require(
            mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(map, 2 * page) }
        #expect(mprotect(map + page, page, PROT_NONE) == 0)
        var documents = RandomDocuments(seed: 30)
        var scratch = JSONScratch(maximumBytes: page)
        for round in 0..<2_000 {
            var bytes = documents.document(size: round % 40)
            if round % 2 == 1 { documents.damage(&bytes) }
            guard bytes.count <= page else { continue }
            let start = map + page - bytes.count
            bytes.withUnsafeBytes {
                start.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(map), byteCount: bytes.count)
            }
            let span = RawSpan(_unsafeStart: start, byteCount: bytes.count)
            let whole = try? readAll(span, scratch: &scratch)
            #expect(whole == (try? readAll(bytes)))
            _ = try? JSONDocument.validate(span)
            for variant in AgreementTests.variants {
                var positions = [UInt32](repeating: 0, count: bytes.count + Int(CSIMD_JSON_SLACK)),
                    partners = positions
                var kinds = [UInt8](repeating: 0, count: positions.count)
                let found = csimd_json_index_by(
                    variant, start.assumingMemoryBound(to: UInt8.self), bytes.count, &positions, &partners,
                    &kinds, 64)
                #expect((found >= 0) == (whole != nil))
            }
        }
    }

    /// Without this the next test would pass where counting does not work.
    @Test func countsAllocations() {
        let before = allocations_of_thread()
        escaped = malloc(100)
        free(escaped)
        #expect(allocations_of_thread() == before + 1)
    }

    /// Refusals are left out: Swift Testing watches every throw, and allocates to remember where it was.
    @Test func readsAndWritesWithoutAllocating() throws {
        let text =
            #"{"id":"a\u00e9","n":-12345678901,"f":0.1234567890123456789,"l":[1.5,true,null,{"d":1e300}],"m":12.5}"#
        let bytes = Array(text.utf8)
        var scratch = JSONScratch(maximumBytes: 1_000)
        var buffer = [UInt8](repeating: 0, count: 1_000)
        var counted: UInt64 = 1
        // The first round may still set up what lasts.
        for _ in 0..<2 {
            let before = allocations_of_thread()
            let length = try rewrite(bytes.span.bytes, &scratch, &buffer)
            counted = allocations_of_thread() - before
            #expect(length > 0)
        }
        #expect(counted == 0)
    }

    private func rewrite(_ bytes: RawSpan, _ scratch: inout JSONScratch, _ buffer: inout [UInt8])
        throws(JSONError) -> Int
    {
        let document = try JSONDocument(bytes, scratch: &scratch)
        var span = buffer.mutableSpan
        var writer = unsafe JSONWriter(span.mutableBytes)
        writer.beginObject()
        var fields = try document.root.object()
        while let field = fields.next() {
            switch field.key {
            case "id": writer.field("id", try field.value.string())
            case "n": writer.field("n", try field.value.int64())
            case "f": writer.field("f", try field.value.double())
            case "m": writer.field("m", try field.value.micros())
            default: break
            }
        }
        writer.field("text", "a\nb" as StaticString)
        writer.endObject()
        return try writer.finish()
    }
}
