// For how long money is kept where nobody could bill, and what may be said of it in a node's file.
import Documents
import Settings
import Testing
import Units

@Suite struct ReachSettingsTests {
    private func node(_ budgets: String, _ notices: String = "") throws(DocumentRefused) -> NodeSettings? {
        let text = """
            {"daemon": "node", "node": {"name": "n1", "region": "r1"},
             "listen": [{"address": "::1", "port": 80}], "journal": {"directory": "/j"},
             "catalog": {"path": "/c", "stateDirectory": "/s"}, "budgets": {\(budgets)},
             "notices": {"baseURL": "https://a.test", "keyFile": "/k"\(notices.isEmpty ? "" : ", \(notices)")}}
            """
        guard case .node(let settings) = try DaemonSettings(Array(text.utf8)) else { return nil }
        return settings
    }

    @Test(arguments: [
        ("", "", 600), ("", #""lifetimeSeconds": 691200"#, 600), ("", #""lifetimeSeconds": 700"#, 400),
        (#""holdSeconds": 800"#, "", 100), (#""graceSeconds": 300, "holdSeconds": 600"#, "", 300),
        (#""graceSeconds": 1000"#, #""lifetimeSeconds": 9000"#, 1_000),
        (#""lastBillSeconds": 86400"#, #""lifetimeSeconds": 691200"#, 86_400),
    ])
    func theLastBillIsTenMinutesUnlessTheOperatorSaysMore(
        _ budgets: String, _ notices: String, _ seconds: Int64
    )
        throws
    {
        #expect(try node(budgets, notices)?.lastBill == .seconds(seconds))
    }

    @Test(
        arguments: [
            ("", #""reachGapSeconds": 30"#, nil),
            ("", #""reachGapSeconds": 31"#, "found 31; allowed at most 30, half of budgets.graceSeconds, 60"),
            (#""graceSeconds": 30"#, "", "found 30; allowed at most 15, half of budgets.graceSeconds, 30"),
            (#""graceSeconds": 30"#, #""reachGapSeconds": 15"#, nil),
            (#""graceSeconds": 30, "lastBillSeconds": 30"#, #""reachGapSeconds": 600"#, nil),
        ] as [(String, String, String?)])
    func theGapIsHalfOfTheGrace(_ budgets: String, _ notices: String, _ refusal: String?) throws {
        do {
            _ = try node(budgets, notices)
            #expect(refusal == nil)
        } catch {
            let found = error.refusals.map(\.description)
            #expect(
                found.count == 1 && found[0].contains("notices.reachGapSeconds: \(refusal ?? "nothing")"),
                "\(found)")
        }
    }
}
