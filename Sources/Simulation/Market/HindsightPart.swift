// Requests as hindsight looks at them: what each costs, and who it could go to at which value. What prices have to do with it is the
// search's; so a part of a day that is looked at in each of its rounds is drawn once.
internal import Units

extension Hindsight {
    struct Request {
        var floor: Double
        var hour: Int
        /// Where its bids end, in those of all.
        var end: Int
    }

    struct Bid {
        var campaign: Int32
        var value: Float
    }

    /// Every so many-th tick of a market: kept, or drawn anew each time.
    struct Part {
        let every: Int
        private var kept: (requests: [Request], bids: [Bid])?

        init(every: Int) { self.every = every }

        /// Keeps what is drawn: of a whole day that would be a gigabyte.
        init(_ market: Market, every: Int) {
            self.every = every
            var requests: [Request] = []
            var bids: [Bid] = []
            forEach(market) { request, those in
                bids.append(contentsOf: those)
                requests.append(request)
                requests[requests.count - 1].end = bids.count
            }
            kept = (requests, bids)
        }

        /// Calls back with each request that is billed, and whom it could go to.
        func forEach(_ market: Market, _ body: (Request, UnsafeBufferPointer<Bid>) -> Void) {
            guard let kept else { return draw(market, body) }
            kept.bids.withUnsafeBufferPointer { bids in
                var first = 0
                for request in kept.requests {
                    body(request, UnsafeBufferPointer(rebasing: bids[first..<request.end]))
                    first = request.end
                }
            }
        }

        private func draw(_ market: Market, _ body: (Request, UnsafeBufferPointer<Bid>) -> Void) {
            let shape = market.shape
            let conditions = Conditions(events: shape.events)
            let ticks = Int(shape.seconds) * MarketRun.ticksPerSecond
            var requests: [MarketRequest] = []
            var bids: [Bid] = []
            for tick in stride(from: every / 2, to: ticks, by: every) {
                let second = Double(tick / MarketRun.ticksPerSecond)
                let shares = market.traffic.shares(at: second)
                for region in shape.regions.indices {
                    let isLost = conditions.isLost(region, second)
                    market.traffic.requests(
                        region, tick: tick, seconds: 1 / Double(MarketRun.ticksPerSecond),
                        rate: market.traffic.rate(region, at: second), shares: shares, &requests)
                    for request in requests where request.isBilled {
                        if isLost, request.seed >> 20 & 0xFF < 51 { continue }
                        let place = region * shape.inventories.count + request.inventory
                        Self.bids(for: request, of: market, place, &bids)
                        let one = Request(floor: request.floor, hour: Int(second) / 3_600, end: bids.count)
                        bids.withUnsafeBufferPointer { body(one, $0) }
                    }
                }
            }
        }

        private static func bids(
            for request: MarketRequest, of market: Market, _ place: Int, _ bids: inout [Bid]
        ) {
            bids.removeAll(keepingCapacity: true)
            let floor = request.floor
            market.traffic.tables.values.withUnsafeBufferPointer { values in
                market.demand.entries[place].forEach(of: request.audience) { entry in
                    let value = entry.value * values[request.draw(entry).value]
                    guard Double(value) >= floor else { return }
                    bids.append(Bid(campaign: entry.campaign, value: value))
                }
            }
        }
    }
}
