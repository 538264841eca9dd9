// What a node does when its region goes out of service: it says that it is not ready, so that load balancers and names send traffic
// elsewhere, and answers whatever still comes as before.
import Commands
import Fleet
import LedgerWire
import Serving
import Settings
import Telemetry
import Units

enum NodeRegion {
    static func start(
        _ link: IssuerLink, _ context: NodeContext, _ keys: DecisionMetricKeys
    ) throws(Failure) {
        let holder = context.settings.ledger.issuer?.holder ?? ""
        // By this start: counts begin anew with it.
        let start = UInt64(bitPattern: context.startedAt.nanoseconds)
        try RegionTalk(link) { [context] in
            [NodeCount(node: holder, start: start, requests: keys.requests(in: context.metrics))]
        } onWord: { [context] word in
            take(word, context)
        }.start()
    }

    private static func take(_ word: RegionWord, _ context: NodeContext) {
        context.health.share = word.share
        context.health.set("region", health(word))
        context.log.notice(
            "the region's standing is another one",
            [
                "region": .string(context.settings.node.region), "state": .string("\(word.state)"),
                "shareThousandths": .integer(word.share),
            ])
    }

    static func health(_ word: RegionWord) -> PartHealth {
        guard word.share > 0 else {
            return .notReady("the region is \(word.state): its traffic goes to the others")
        }
        guard word.share == 1_000 else {
            return .notice("the region is \(word.state) and takes \(word.share) thousandths of its traffic")
        }
        return .ready
    }
}

extension DecisionMetricKeys {
    /// Requests that this process was asked for a bid or an ad, whatever came of them.
    func requests(in metrics: Metrics) -> UInt64 {
        ([bids, refused] + noBids + turnedAway).reduce(0) { $0 &+ metrics.value(of: $1) }
    }
}
