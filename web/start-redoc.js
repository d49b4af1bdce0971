window.Redoc.init("/openapi.json", {
    hideDownloadButton: false,
    expandResponses: "200",
    requiredPropsFirst: true,
    jsonSampleExpandLevel: 3,
}, document.getElementById("redoc"));
