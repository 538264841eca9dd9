// What must hold of the VAST checker and writer for any bytes: a verdict with a place in the document, the same
// for the same bytes; and whatever texts a document is made of, what is written is accepted.
import OpenRTB

public enum VASTInvariants {
    static let inputBytesMax = 8192

    /// What is broken by this input, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard input.count <= inputBytesMax else { return nil }
        // A block of exactly this size: the address sanitizer sees a byte read beyond it.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        defer { exact.deallocate() }
        exact.copyMemory(from: input)
        let bytes = UnsafeRawBufferPointer(exact).bytes
        return checking(bytes) ?? writing(bytes, .v4_2) ?? writing(bytes, .v3_0)
    }

    private static func verdict(_ bytes: RawSpan) -> Result<VASTSummary, VASTError> {
        do throws(VASTError) {
            return .success(try VASTSummary(checking: bytes))
        } catch { return .failure(error) }
    }

    private static func checking(_ bytes: RawSpan) -> String? {
        let first = verdict(bytes)
        guard verdict(bytes) == first else { return "two verdicts on one document" }
        switch first {
        case .failure(let error):
            guard (0...bytes.byteCount).contains(error.offset) else {
                return "an error beyond the document: \(error)"
            }
            let place = error.location(in: bytes)
            return place.line < 1 || place.column < 1 ? "no place: \(place)" : nil
        case .success:
            // An accepted document is whole: a comment may follow it, and nothing else.
            let text = (0..<bytes.byteCount).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
            let commented = text + Array("<!-- -->".utf8)
            guard verdict(commented.span.bytes) == first else { return "a comment changes the verdict" }
            let more = text + Array("<VAST/>".utf8)
            guard case .failure = verdict(more.span.bytes) else { return "a second root is accepted" }
            return nil
        }
    }

    /// A document whose texts are pieces of the input.
    private static func writing(_ bytes: RawSpan, _ version: VASTVersion) -> String? {
        var document = VASTDocument(parts: 32, textBytes: 2 * inputBytesMax)
        document.reset(version)
        let piece = bytes.byteCount / 4
        func part(_ number: Int) -> Range<Int> { number * piece..<(number + 1) * piece }
        document.beginInLine(
            id: document.text(bytes.extracting(part(0))), sequence: 1, adServingID: document.text("s"),
            title: document.text(bytes.extracting(part(1))))
        document.adSystem(document.text(bytes.extracting(part(2))))
        document.impression(document.text("https://e.com/"), id: document.text(bytes.extracting(part(3))))
        document.beginVerification(vendor: document.text(bytes.extracting(part(0))))
        document.verificationParameters(document.text(bytes.extracting(part(1))))
        document.beginLinear(milliseconds: bytes.byteCount * 7919 % 86_400_000)
        document.universalAdID(
            document.text(bytes.extracting(part(2))), registry: document.text(bytes.extracting(part(3))))
        var file = VASTMediaFile()
        (file.url, file.type) = (document.text("https://e.com/[CACHEBUSTING]"), document.text("video/mp4"))
        file.id = document.text(bytes.extracting(part(1)))
        document.mediaFile(file)
        // Every byte may become six, and most texts stand in the document twice.
        var buffer = [UInt8](repeating: 0, count: 4096 + 16 * bytes.byteCount)
        var span = buffer.mutableSpan
        do throws(VASTWriteError) {
            let count = try document.write(into: span.mutableBytes).byteCount
            let written = Array(buffer[..<count])
            if case .failure(let error) = verdict(written.span.bytes) {
                return "written and refused: \(error)"
            }
            return nil
        } catch {
            if case .notText = error { return nil }
            return "not written: \(error)"
        }
    }
}
