// `paceline top`: a fleet's status again and again, with what happened in each second between.
import Commands
import Fleet
import Kernel
import Units

enum Top {
    private static let roster = Parameter.requiredOption(
        "roster", WordKind.file, "Who is in the fleet, as `./dev up` writes it.")
    private static let every = Parameter.option(
        "every", .integer(1...60), default: 1, "Seconds from one look to the next.")
    private static let looks = Parameter.option(
        "looks", .integer(1...1_000_000), "Look so often and end; without it, until Ctrl-C.")

    private static let stop = [Kernel.interruptSignal, Kernel.terminateSignal]
    // What terminals have understood since the seventies: another screen, its top left corner, the rest cleared.
    private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

    static let command = Command(
        "top", "Watches a fleet: money, who leads, and what each region delivers.",
        discussion: """
            On a terminal a screen that is drawn anew, Ctrl-C ends it; elsewhere, and with --json, one status after the \
            other. Counts are those of a second.
            """,
        parameters: [
            roster, every, looks, AdminClient.tokenFile, Status.certificate, Status.key, Status.authorities,
            Status.timeout,
            Status.json,
        ],
        examples: [
            Example(
                "echo '\(RosterInput.exampleOfOne)' | paceline top --roster - --looks 1",
                "One look at a fleet of one coordinator, which is down.", outcome: .failed)
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let roster = try RosterInput.read(call[Top.roster])
        let isSecure = roster.members.contains { $0.admin.hasPrefix("https://") }
        let asking = try FleetAsking(
            roster, try Status.tlsContext(call, secure: isSecure), token: try AdminClient.token(call),
            within: .seconds(Int64(call[Status.timeout])))
        let isScreen = Kernel.isTerminal(1) && !call[Status.json]
        Kernel.block(signals: stop)
        if isScreen { output.write(enter) }
        var former: FleetPicture?
        var left = call[looks] ?? Int.max
        while left > 0 {
            left -= 1
            let picture = FleetPicture(roster, try asking.ask(), at: Kernel.wallNow())
            if call[Status.json] {
                output.print(picture.tree)
            } else {
                if isScreen { output.write("\u{1B}[H") }
                // What a longer line left is cleared behind each.
                for line in picture.lines(since: former) { output.print(isScreen ? line + "\u{1B}[K" : line) }
                output.write(isScreen ? "\u{1B}[J" : "\n")
            }
            output.flush()
            if output.failure != nil { break }
            former = picture
            guard left > 0 else { break }
            if Kernel.nextSignal(of: stop, withinMilliseconds: call[every] * 1_000) != nil { break }
        }
        if isScreen { output.write(leave) }
        return former?.isWell == true ? .ok : .failed
    }
}
