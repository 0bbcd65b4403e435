# Installs a program as a service of this Windows, looks at it, and removes it: service.ps1 MMCOS.EXE
# It changes the firewall and the services of the machine, so it is for machines that are thrown away.
param([Parameter(Mandatory)] [string] $Program)
$ErrorActionPreference = 'Stop'
$Program = (Resolve-Path $Program).Path

function Invoke-Program([string[]] $Arguments) {
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "mmcos $Arguments failed with $LASTEXITCODE" }
}

function Assert([bool] $Holds, [string] $What) {
    if (-not $Holds) { throw $What }
    Write-Host "ok: $What"
}

# Port 80 may be taken by the web server of the machine.
$data = Join-Path $env:ProgramData 'mmcos'
New-Item -ItemType Directory -Force $data | Out-Null
Set-Content -Path (Join-Path $data 'mmcos.toml') -Value "http = `"127.0.0.1:8080`"`nhttps = `"8443`""
$address = 'http://127.0.0.1:8080/healthz'

Invoke-Program 'service', 'install'
$health = $null
foreach ($attempt in 1..50) {
    try { $health = Invoke-WebRequest -Uri $address -UseBasicParsing; break } catch { Start-Sleep -Milliseconds 200 }
}
Assert ($null -ne $health -and $health.StatusCode -eq 200) 'the service serves'
Assert ((Get-Service mmcos).Status -eq 'Running') 'it is reported as running'
Assert ((Get-CimInstance Win32_Service -Filter "Name='mmcos'").StartName -match 'LocalService') 'it has an account of few rights'
$others = (Get-Acl $data).Access | Where-Object { "$($_.IdentityReference)" -match 'Users|Everyone|Authenticated' }
Assert ($null -eq $others) 'its data is for it and the administrators alone'
$rule = Get-NetFirewallApplicationFilter -Program "$env:ProgramFiles\mmcos\mmcos.exe" | Get-NetFirewallRule
Assert ($rule.Action -eq 'Allow' -and $rule.Direction -eq 'Inbound') 'the firewall lets players through'

Invoke-Program 'service', 'stop'
Assert ((Get-Service mmcos).Status -eq 'Stopped') 'it stops'
Assert ((Get-Content (Join-Path $data 'mmcos.log') -Raw) -match 'stopping') 'in an orderly way'
Invoke-Program 'service', 'start'
Invoke-Program 'service', 'install'
Assert ((Get-Service mmcos).Status -in 'Running', 'StartPending') 'a second installation updates it'
Invoke-Program 'service', 'remove'
Assert ($null -eq (Get-Service mmcos -ErrorAction SilentlyContinue)) 'it is removed'
Assert (Test-Path (Join-Path $data 'mmcos.db')) 'its data stays'
