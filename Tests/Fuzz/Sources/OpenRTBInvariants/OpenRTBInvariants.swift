// What must hold of the request reader and the response writer for any bytes: a refusal says where and why;
// all of an accepted request can be looked at, and its pods are sound; an answer to it is a JSON document
// that names what it answers.
import JSON
import OpenRTB
import Units

public enum OpenRTBInvariants {
    static let inputBytesMax = 16_384
    /// One for all inputs, as a shard has one for all requests: what one leaves behind must not reach the
    /// next.
    private nonisolated(unsafe) static var reader = BidRequestReader(
        limits: RequestLimits(bytes: inputBytesMax, imps: 16))

    /// What is broken by this input, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard input.count <= inputBytesMax else { return nil }
        // A block of exactly this size: the address sanitizer sees a byte read beyond it.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        defer { exact.deallocate() }
        exact.copyMemory(from: input)
        let bytes = UnsafeRawBufferPointer(exact).bytes
        return check(bytes, &reader)
    }

    private static func check(_ bytes: RawSpan, _ reader: inout BidRequestReader) -> String? {
        do throws(OpenRTBError) {
            let request = try reader.read(bytes)
            return RequestLook.violation(in: request) ?? answer(to: request)
        } catch { return violation(of: error, bytes) }
    }

    private static func violation(of error: OpenRTBError, _ bytes: RawSpan) -> String? {
        guard !error.found.isEmpty, !error.allowed.isEmpty else { return "refused without a reason" }
        guard error.offset >= 0, error.offset <= bytes.byteCount else {
            return "refused beyond the end: \(error)"
        }
        let isJSON: Bool
        do throws(JSONError) {
            try JSONDocument.validate(bytes, limits: JSONLimits(depth: 32))
            isJSON = true
        } catch { isJSON = false }
        if !isJSON, !error.path.isEmpty { return "a path into what is no JSON: \(error)" }
        if error.description.utf8.contains(where: { $0 < 0x20 }) { return "more than a line: \(error)" }
        return nil
    }

    /// Bids on every imp, with the request's own texts as markup.
    private static func answer(to request: BidRequest) -> String? {
        var macros = AuctionMacros()
        _ = macros.set(.id, request.utf8(request.id))
        _ = macros.set(.price, Micros(1_500_000))
        // An escape makes six bytes of one, and every imp may repeat its id in each field.
        var buffer = [UInt8](repeating: 0, count: 65_536 + 32 * request.bytes.byteCount)
        var span = buffer.mutableSpan
        var response = BidResponseWriter(span.mutableBytes, id: request.utf8(request.id))
        response.beginSeat(request.utf8(request.id))
        let imps = request.imps
        for index in imps.indices {
            response.beginBid(
                id: request.utf8(imps[index].id), impid: request.utf8(imps[index].id),
                price: imps[index].bidfloor)
            response.markup(.adm, request.utf8(imps[index].tagid), macros)
            response.endBid()
        }
        response.endSeat()
        do throws(JSONError) {
            let count = try response.finish()
            let written = Array(buffer[..<count])
            var scratch = JSONScratch(maximumBytes: count)
            let document = try JSONDocument(written.span.bytes, scratch: &scratch)
            guard let id = try document.root.object().last("id")?.string(),
                id.copy() == String(copying: request.utf8(request.id))
            else { return "the answer is to another request" }
            return nil
        } catch { return "the answer is no JSON: \(error)" }
    }
}
