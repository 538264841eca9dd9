// In steady state, reading a request and writing its answer allocates nothing.
import AllocationCounter
import OpenRTB
import Testing
import Units

@Suite struct AllocationTests {
    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func readsAndAnswersWithoutAllocating() throws {
        var reader = BidRequestReader()
        var macros = AuctionMacros()
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let requests = [Samples.hybridPod, Samples.olderPlaces, Samples.video()].map { Array($0.utf8) }
        var counted: UInt64 = 1
        // The first round may still set up what lasts.
        for _ in 0..<3 {
            let before = allocations_of_thread()
            var written = 0
            for index in requests.indices {
                written += try answer(requests[index], &reader, &macros, &buffer)
            }
            counted = allocations_of_thread() - before
            #expect(written > 300)
        }
        #expect(counted == 0)
    }

    /// A bid on every slot, with everything looked at that an auction would.
    private func answer(
        _ bytes: [UInt8], _ reader: inout BidRequestReader, _ macros: inout AuctionMacros,
        _ buffer: inout [UInt8]
    ) throws -> Int {
        let request = try reader.read(bytes.span.bytes)
        var span = buffer.mutableSpan
        var response = BidResponseWriter(unsafe span.mutableBytes, id: request.utf8(request.id))
        response.cur(.usd)
        response.beginSeat(request.utf8(request.id))
        let (pods, imps) = (request.pods, request.imps)
        for pod in pods.indices {
            let slots = request[pods[pod].slots]
            for index in slots.indices {
                let slot = slots[index]
                let imp = imps[Int(slot.imp)]
                macros.removeAll()
                _ = macros.set(.impID, request.utf8(imp.id))
                let price = request.floor(of: slot, seconds: 15)
                response.beginBid(id: request.utf8(imp.id), impid: request.utf8(imp.id), price: price)
                response.markup(.nurl, request.utf8(request.inventory.content.title), macros)
                response.field(.dur, slot.maxSeconds)
                response.endBid()
            }
        }
        response.endSeat()
        let count = try response.finish()
        return count
    }
}
