// Names that were nearly right, and the known one that was meant.
import Documents
import Testing

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("chekc-config", "check-config"), ("CHECK-CONFIG", "check-config"), ("check_config", "check-config"),
        ("checkconfig", "check-config"), ("jso", "json"), ("jsno", "json"), ("complete", "completion"),
        ("help", nil),
        ("", nil), ("x", nil), ("completions", "completion"), (String(repeating: "json", count: 100), nil),
    ])
    func suggestsTheNearestName(_ found: String, _ nearest: String?) {
        #expect(nearestName(to: found, among: ["check-config", "json", "completion"]) == nearest)
    }
}
