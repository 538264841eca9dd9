// `paceline traffic`: viewers, exchanges and players for a fleet that has none.
import Commands
import Fleet
import Kernel
import Units

enum TrafficCommand {
    private static let roster = Parameter.requiredOption(
        "roster", WordKind.file, "Who is in the fleet, as `./dev up` writes it.")
    private static let folder = Parameter.requiredOption(
        "output", WordKind.file, "A folder for what was counted: seconds.tsv and billed.json.")
    private static let rate = Parameter.option(
        "rate", .integer(1...1_000), default: 8, "Breaks a second of each region, in the mean of a day.")
    private static let day = Parameter.option(
        "day-seconds", .integer(60...86_400), default: 600, "How long a day of the traffic takes.")
    private static let playback = Parameter.option(
        "playback", .integer(1...100), default: 5, "So many times faster than in life ads are watched.")
    private static let seed = Parameter.option(
        "seed", .integer(0...1_000_000_000), default: 1, "Another one is other traffic.")
    private static let seconds = Parameter.option(
        "seconds", .integer(1...86_400), "End after so long; without it, with SIGTERM or Ctrl-C.")

    private static let record = Parameter.option(
        "record", WordKind.file, "A file for what became of each ad, behind what is in it already.")
    private static let farewell = Parameter.option(
        "farewell", .integer(0...900), default: 4,
        "So many seconds bills that are open at the end are told on.")

    private static let stop = [Kernel.interruptSignal, Kernel.terminateSignal]

    static let command = Command(
        "traffic", "Sends a fleet breaks to fill, and bills what it sold.",
        discussion: """
            Made for a fleet on one machine, as `./dev up` starts it. Each region has an evening of its own, and twice a day \
            a live match brings viewers beside the others. Breaks go to the region's nodes, and to the next region's where \
            those do not answer, as names and load balancers would lead them. Of what is sold one ad of twelve goes to \
            another buyer; players tell how far ads are watched, and bills are told until they are taken. Counts lie in the \
            folder: cumulative, in a line for each region and second, and by campaign over all runs. Nodes answer bills \
            within milliseconds, and one that has just ended is back before a run's farewell is over. With --record \
            each ad has its lines, which `paceline ledger reconcile` holds against the ledger.
            """,
        parameters: [roster, folder, rate, day, playback, seed, seconds, record, farewell],
        examples: [
            Example(
                "echo '\(RosterInput.exampleOfANode)' | paceline traffic --roster - --output . --seconds 1",
                "A second of traffic for one node, which is down.")
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let roster = try RosterInput.read(call[TrafficCommand.roster])
        let shape = TrafficShape(
            regions: roster.regions, rate: Double(call[rate]), daySeconds: Double(call[day]),
            seed: UInt64(call[seed]))
        Kernel.block(signals: stop)
        // Another run is other viewers: else the same ones would come again, whose caps are full.
        let start = UInt64(bitPattern: Kernel.wallNow().nanoseconds)
        let traffic = try TrafficRun(
            roster, shape, output: call[folder], record: call[record], seed: UInt64(call[seed]) ^ start,
            playback: Double(call[playback]))
        let end = call[seconds].map { Kernel.monotonicNow() + .seconds(Int64($0)) }
        try traffic.run(
            while: {
                Kernel.nextSignal(of: stop, withinMilliseconds: 0) == nil
                    && end.map { Kernel.monotonicNow() < $0 } ?? true
            }, farewell: .seconds(Int64(call[farewell])))
        let sums = traffic.counts.reduce(into: RegionCounts()) {
            $0.requests += $1.requests
            $0.ads += $1.ads
            $0.bills += $1.bills
            $0.billed += $1.billed
            $0.unanswered += $1.unanswered
        }
        output.print(
            "\(sums.requests) breaks, \(sums.unanswered) without an answer; \(sums.ads) ads, \(sums.bills) billed for "
                + "\(sums.billed)")
        return .ok
    }
}
